"""Training in processes of its own: killed, stopped and resumed, alone and together."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import jax
import numpy as np
import pytest
import soundfile
from commands import error_of

import asc_jax
from asc_jax.cli import main
from asc_jax.evaluate.predict import read_csv
from asc_jax.net import mobilefacenet
from asc_jax.train.trained import load

pytestmark = pytest.mark.long


@pytest.fixture(scope="module", autouse=True)
def compiled(tmp_path_factory, quick_to_compile):
    """Makes all processes share what one of them has compiled: a network with a short trunk, without optimisations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path_factory.mktemp("compiled")))
        patch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
        yield


def start(recordings, workdir, *more, devices=2):
    """Trains a network with a short trunk on the recordings in a process of its own."""
    options = ["--seconds", "1", "--epochs", "4", "--batch-size", "4", "--clips", str(recordings)]
    short = f"from asc_jax.net import mobilefacenet; mobilefacenet.BOTTLENECKS = {mobilefacenet.BOTTLENECKS}"
    command = [sys.executable, "-c", f"{short}; from asc_jax.cli import main; main()", "scratch", "esc10", *options]
    command += ["--workdir", str(workdir), "--data-dir", str(workdir.parent / "data"), "--checkpoint-every", "1"]
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": str(devices)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*command, *more], env=environment, **pipes)


def wait_for_rows(metrics, count, process):
    while process.poll() is None and not (metrics.exists() and metrics.read_text().count("\n") > count):
        time.sleep(0.01)


@pytest.fixture(scope="module")
def undisturbed(record, tmp_path_factory):
    """The round of a process that nothing stops."""
    folder = tmp_path_factory.mktemp("undisturbed")
    process = start(record(folder / "clips"), folder / "run")
    output, error = process.communicate(timeout=300)
    assert process.returncode == 0 and "Test, margin-free" in output, error
    assert "scratch, leak check, split session" in output
    return folder / "run/scratch"


def test_a_killed_run_ends_with_the_parameters_of_an_undisturbed_one_and_predicts(
    recordings, undisturbed, tmp_path, capsys, monkeypatch
):
    killed = start(recordings, tmp_path / "killed")
    metrics = tmp_path / "killed" / "scratch" / "metrics.csv"
    wait_for_rows(metrics, 2, killed)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "scratch" / "predictions.csv").exists()
    again = start(recordings, tmp_path / "killed")
    _, error = again.communicate(timeout=300)
    assert again.returncode == 0, error
    ours, theirs = (load(folder)[2] for folder in (tmp_path / "killed" / "scratch", undisturbed))
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)
    tested = read_csv(tmp_path / "killed" / "scratch" / "predictions.csv")
    check_export(recordings, tmp_path / "killed", capsys)
    check_predict(recordings, tmp_path / "killed", dict(zip(tested.details["id"], tested.cosine, strict=True)), capsys)
    check_listen(recordings, tmp_path / "killed", capsys, monkeypatch)


def check_export(recordings, run, capsys):
    """The command writes what predicts the same for recordings and for the run's test clips, or nothing."""
    main(["export", str(run), "--format", "stablehlo", "--check", str(recordings)])
    assert str(run / "model.stablehlo.zip") in capsys.readouterr().out.replace("\n", "")
    assert (run / "model.stablehlo.zip").stat().st_size > 1e6
    one = str(recordings / "hum" / "0.wav")
    main(["export", str(run), "--format", "stablehlo", "--check", one, "--out", str(run / "again.zip")])
    assert "the check proves nothing" in capsys.readouterr().err
    main(["export", str(run), "--format", "stablehlo", "--out", str(run / "third.zip")])
    assert "agreement" in capsys.readouterr().out


def check_predict(recordings, run, tested, capsys):
    """The command predicts for the test clips what the run predicted, and says what is wrong with a bad file."""
    (recordings / "bad.wav").write_text("not sound")
    (recordings / "._hidden.wav").write_text("not sound either, and not looked at")
    with pytest.raises(SystemExit) as stop:
        main(["predict", str(run), str(recordings), "--format", "json"])
    captured = capsys.readouterr()
    assert stop.value.code == 1 and captured.err.count("\n") == 1 and "bad.wav: unreadable" in captured.err
    predictions = {each["file"].removeprefix(f"{recordings}/"): each for each in json.loads(captured.out)}
    assert len(predictions) == 15 and "error" in predictions["bad.wav"]
    for name, cosine in tested.items():
        np.testing.assert_allclose(list(predictions[name]["cosine"].values()), cosine, atol=1e-5)
    assert "bad.wav" in error_of(capsys, "predict", str(run), str(recordings), "--strict")
    scores = recordings / "scores.csv"
    main(["predict", str(run), str(recordings / "hum" / "0.wav"), "--hop", "0.25", "--out", str(scores)])
    assert "hum/0.wav" in capsys.readouterr().out
    header, row = scores.read_text().splitlines()
    assert header == "id,scene,hiss,hum" and sum(map(float, row.split(",")[2:])) == pytest.approx(1, abs=1e-5)
    assert "there is no folder" in error_of(capsys, "predict", str(run), "a.wav", "--out", str(run / "no" / "a.csv"))
    check_submission(recordings, run, capsys)
    assert "no recordings" in error_of(capsys, "predict", str(run), str(recordings / "*.ogg"))
    assert asc_jax.load(run)(np.random.default_rng(0).normal(0, 0.1, 40_000), 16_000).scene in ("hum", "hiss")


def check_listen(recordings, run, capsys, monkeypatch):
    """The command scores the windows of a stream as `predict` does those of a file of the same samples."""
    clips = sorted(recordings.glob("*/?.wav"))
    audio = np.concatenate([soundfile.read(clip, dtype="int16")[0] for clip in clips])
    soundfile.write(run / "both.wav", audio, 44_100)
    (run / "both.raw").write_bytes(audio.astype("<i2").tobytes())
    hop = ["--hop", "0.1"]
    main(["predict", str(run), str(run / "both.wav"), "--format", "jsonl", *hop])
    expected = json.loads(capsys.readouterr().out)["windows"]
    with open(run / "both.raw", "rb") as stream:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stream))
        main(["listen", str(run), "--rate", "44100", "--smooth", "1", *hop])
    scored = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each["start"], each["scene"]) for each in scored] == [(each["start"], each["scene"]) for each in expected]
    for ours, theirs in zip(scored, expected, strict=True):
        assert ours["cosine"] == pytest.approx(theirs["cosine"], abs=1e-5)


def check_submission(recordings, run, capsys):
    """The list's clips get scenes, here with bands matched to those of training."""
    listed = recordings / "list.csv"
    listed.write_text("filename,scene_label\r\n2,\r\n0,\r\n")
    named = [str(recordings / "hum" / f"{number}.wav") for number in (0, 2)]
    main(["predict", str(run), *named, "--device-stats", "--submission", str(listed)])
    header, *rows = listed.read_text().splitlines()
    assert header == "filename,scene_label" and [row.split(",")[0] for row in rows] == ["2", "0"]
    assert all(row.split(",")[1] in ("hum", "hiss") for row in rows)
    capsys.readouterr()
    filled = listed.read_text()
    assert "filled in already; name" in error_of(capsys, "predict", str(run), *named, "--submission", str(listed))
    assert listed.read_text() == filled
    listed.write_text("filename,scene_label\r\n2,\r\n0,\r\n")
    assert "not among the recordings: 2" in error_of(capsys, "predict", str(run), named[0], "--submission", str(listed))
    check_output_of_dcase(named, run, capsys, recordings)


def check_output_of_dcase(named, run, capsys, folder):
    """A list without scenes stays as it is; the output has its names, in its order."""
    listed, out = folder / "fold1_test.csv", folder / "output.csv"
    listed.write_text("filename\tdevice_id\naudio/2.wav\ta\naudio/0.wav\tb\n")
    before = listed.read_text()
    assert "--out" in error_of(capsys, "predict", str(run), *named, "--submission", str(listed))
    main(["predict", str(run), *named, "--submission", str(listed), "--out", str(out)])
    header, *rows = [line.split("\t") for line in out.read_text().splitlines()]
    assert header[:2] == ["filename", "scene_label"] and set(header[2:]) == {"hum", "hiss"}
    assert [row[0] for row in rows] == ["audio/2.wav", "audio/0.wav"] and listed.read_text() == before
    capsys.readouterr()


def start_two(recordings, workdir):
    """As `start`, in two processes that train together."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        options = ["--distributed", "--coordinator", f"localhost:{free.getsockname()[1]}", "--processes", "2"]
    return [start(recordings, workdir, *options, "--process", f"{n}", devices=1) for n in range(2)]


def test_two_processes_stop_together_and_learn_what_two_devices_of_one_process_learn(recordings, undisturbed, tmp_path):
    two = start_two(recordings, tmp_path / "two")
    folder = tmp_path / "two" / "scratch"
    wait_for_rows(folder / "metrics.csv", 1, two[0])
    two[1].send_signal(signal.SIGTERM)
    outputs = [process.communicate(timeout=300) for process in two]
    assert [process.returncode for process in two] == [75, 75], outputs
    assert all("stopped by SIGTERM after step" in error for _, error in outputs)
    assert "leak check" in outputs[0][0] and "leak check" not in outputs[1][0]  # the first alone speaks
    two = start_two(recordings, tmp_path / "two")
    outputs = [process.communicate(timeout=300) for process in two]
    assert [process.returncode for process in two] == [0, 0], outputs
    ours, theirs = (load(each)[2] for each in (folder, undisturbed))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-3), ours, theirs)
    ours, theirs = (read_csv(each / "predictions.csv") for each in (folder, undisturbed))
    assert ours.details == theirs.details
    np.testing.assert_allclose(ours.cosine, theirs.cosine, atol=2e-2)

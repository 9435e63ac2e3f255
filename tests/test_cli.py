"""The command line as a user meets it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import jax
import numpy as np
import pytest
import soundfile

import asc_jax
from asc_jax.cli import experiments, main
from asc_jax.evaluate.predict import read_csv
from asc_jax.train.rounds import load

COMMANDS = ("pretrain", "finetune", "pseudolabel", "scratch")
RUN_COMMANDS = ("evaluate", "compare", "report", "predict", "card", "export", "export-weights", "complexity")
DATA_COMMANDS = ("prepare", "data check", "data describe")


def error_of(capsys, *arguments):
    """What a failing command prints; it must be one line, with exit status 2."""
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("asc-jax: ") and error.count("\n") == 1
    return error


@pytest.mark.parametrize("asked", [["--help"], ["data", "--help"]])
def test_help_names_every_command_and_experiment(asked, capsys):
    main(asked)
    told = capsys.readouterr().out
    assert all(f"\n  {command} " in told for command in (*COMMANDS, *DATA_COMMANDS, *RUN_COMMANDS))
    assert all(name in told for name in (*experiments(), "tau2020", "cas2023", "clips", "scenes"))


def help_of(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--help"])
    assert stop.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_explains_its_options(command, capsys):
    told = help_of(capsys, command, "demo")
    assert all(option in told for option in ("--workdir", "--split", "--cache", "--skip-bad", "--epochs"))


@pytest.mark.parametrize("command", DATA_COMMANDS)
def test_help_of_every_data_command_explains_its_options(command, capsys):
    told = help_of(capsys, *command.split())
    assert all(option in told for option in ("--seconds", "--fit", "--skip-bad", "--data-dir", "tau2020"))
    assert ("--hold-out" in told) == (command != "prepare")


@pytest.mark.parametrize("command", RUN_COMMANDS)
def test_help_of_every_run_command_explains_its_options(command, capsys):
    assert "Folder" in help_of(capsys, command)


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["fly"], ["data"], ["data", "fly"], ["prepare"], ["prepare", "nothing"], ["evaluate"]),
        *(["pretrain", "nothing"], ["pretrain", "demo", "--epochs", "many"]),
    ],
)
def test_wrong_words_exit_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


def test_what_is_missing_is_named(capsys, tmp_path):
    places = ["--workdir", str(tmp_path / "run"), "--data-dir", str(tmp_path / "data")]
    assert "no round has finished" in error_of(capsys, "evaluate", str(tmp_path / "run"))
    assert "no round has finished" in error_of(capsys, "compare", str(tmp_path / "run"), str(tmp_path))
    assert "clips needs recordings" in error_of(capsys, "finetune", "esc10", *places)
    assert "clips needs recordings" in error_of(capsys, "prepare", "clips", *places[2:])
    assert "without --distributed" in error_of(capsys, "pretrain", "demo", "--processes", "2", *places)
    weights = ["import-weights", "model.ckpt", "--out", str(tmp_path / "run"), "--records", str(tmp_path)]
    assert "no prepared records" in error_of(capsys, *weights)
    missing = str(tmp_path / "missing.csv")
    assert "missing.csv" in error_of(capsys, "finetune", "esc10", "--clips", missing, *places)


@pytest.fixture
def recordings(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(14):
        scene = ("hum", "hiss")[number % 2]
        audio = rng.normal(0, 0.1, 16_000) + (scene == "hum") * np.sin(np.arange(16_000) / 20) / 3
        file = tmp_path / "clips" / scene / f"{number}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, audio, 16_000)
    return tmp_path / "clips"


@pytest.fixture
def options(tmp_path):
    return ["--seconds", "1", "--data-dir", str(tmp_path / "data")]


def test_recordings_are_prepared_checked_and_described(recordings, options, tmp_path, capsys):
    main(["prepare", "clips", str(recordings), *options])
    told = capsys.readouterr()
    folder = told.out.strip()
    assert (tmp_path / folder / "clips.csv").exists()
    assert "14/14" in told.err and "clips/s" in told.err
    for source in (str(recordings), folder):
        main(["data", "check", "clips", source, *options])
        told = capsys.readouterr()
        row = [cell.strip() for cell in told.out.splitlines()[-2].split("│")[1:-1]]
        assert row[:3] == ["test", "train", "3"] and row[3:6] == ["0"] * 3
        assert told.err == ""
    main(["data", "describe", "clips", folder, *options, "--picture", str(tmp_path / "picture.svg")])
    assert "14" in capsys.readouterr().out and (tmp_path / "picture.svg").stat().st_size > 10_000
    closed = "/sys/picture.svg"  # where not even root may write
    assert closed in error_of(capsys, "data", "describe", "clips", folder, *options, "--picture", closed)


def test_bad_recordings_are_listed_under_one_line(recordings, options, tmp_path, capsys):
    (recordings / "hum" / "bad.wav").write_text("not sound")
    with pytest.raises(SystemExit) as stop:
        main(["prepare", "clips", str(recordings), *options])
    assert stop.value.code == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "preparing" not in line]
    assert lines[0].startswith("asc-jax: 1 bad recordings (1 unreadable)") and "hum/bad.wav" in lines[2]
    main(["prepare", "clips", str(recordings), *options, "--skip-bad"])


def test_a_run_is_evaluated_and_compared(write_round, made_up, tmp_path, capsys):
    for seed in (0, 1):
        write_round(tmp_path / str(seed), "scratch", made_up(right=0.5, seed=seed), seed)
        write_round(tmp_path / str(seed), "finetune-1", made_up(right=0.9, seed=seed), seed)
    run = tmp_path / "0"
    main(["evaluate", str(run), "--protocol", "released"])
    told = capsys.readouterr().out
    assert "released" in told and "finetune-1, device" in told and "leak check" in told
    assert [each["round"] for each in json.loads((run / "scores.json").read_text())] == ["scratch", "finetune-1"]
    assert "pretrain has not finished" in error_of(capsys, "evaluate", str(run), "--round", "pretrain")
    main(["compare", str(run / "scratch"), str(run)])
    assert "The second is better" in " ".join(capsys.readouterr().out.split())
    main(["compare", str(run), str(tmp_path / "1")])
    assert "Only the seed differs" in " ".join(capsys.readouterr().out.split())


def test_records_of_another_length_are_refused(recordings, options, tmp_path, capsys):
    main(["prepare", "clips", str(recordings), *options])
    folder = capsys.readouterr().out.strip()
    places = ["--workdir", str(tmp_path / "run"), "--data-dir", str(tmp_path / "data"), "--seconds", "2"]
    assert "clips are of 1 s" in error_of(capsys, "scratch", "esc10", "--clips", folder, *places)


@pytest.fixture(scope="module", autouse=True)
def compilation_cache(tmp_path_factory):
    """Makes all processes share what one of them has compiled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path_factory.mktemp("compiled")))
        yield


def start(recordings, workdir, *more, **environment):
    """Trains on the recordings in a process of its own."""
    options = ["--seconds", "1", "--epochs", "4", "--batch-size", "4", "--clips", str(recordings)]
    command = [sys.executable, "-c", "from asc_jax.cli import main; main()", "scratch", "esc10", *options]
    command += ["--workdir", str(workdir), "--data-dir", str(workdir.parent / "data"), "--checkpoint-every", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*command, *more], env=os.environ | environment, **pipes)


def wait_for_rows(metrics, count, process):
    while process.poll() is None and not (metrics.exists() and metrics.read_text().count("\n") > count):
        time.sleep(0.01)


@pytest.mark.long
def test_a_killed_run_ends_with_the_parameters_of_an_undisturbed_one_and_predicts(recordings, tmp_path, capsys):
    undisturbed = start(recordings, tmp_path / "undisturbed")
    told, error = undisturbed.communicate(timeout=300)
    assert undisturbed.returncode == 0 and "Test, margin-free" in told, error
    assert "scratch, leak check, split session" in told
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
    ours, theirs = (load(tmp_path / name / "scratch")[2] for name in ("killed", "undisturbed"))
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)
    tested = read_csv(tmp_path / "killed" / "scratch" / "predictions.csv")
    check_export(recordings, tmp_path / "killed", capsys)
    check_predict(recordings, tmp_path / "killed", dict(zip(tested.details["id"], tested.cosine, strict=True)), capsys)


def check_export(recordings, run, capsys):
    """The command writes what tells the same of recordings and of the run's test clips, or nothing."""
    main(["export", str(run), "--format", "stablehlo", "--check", str(recordings)])
    assert str(run / "model.stablehlo.zip") in capsys.readouterr().out.replace("\n", "")
    assert (run / "model.stablehlo.zip").stat().st_size > 1e6
    one = str(recordings / "hum" / "0.wav")
    main(["export", str(run), "--format", "stablehlo", "--check", one, "--out", str(run / "again.zip")])
    assert "the check proves nothing" in capsys.readouterr().err
    main(["export", str(run), "--format", "stablehlo", "--out", str(run / "third.zip")])
    assert "agreement" in capsys.readouterr().out


def check_predict(recordings, run, tested, capsys):
    """The command tells of the test clips what the run told, and of a bad file why not."""
    (recordings / "bad.wav").write_text("not sound")
    (recordings / "._hidden.wav").write_text("not sound either, and not looked at")
    with pytest.raises(SystemExit) as stop:
        main(["predict", str(run), str(recordings), "--format", "json"])
    told = capsys.readouterr()
    assert stop.value.code == 1 and told.err.count("\n") == 1 and "bad.wav: unreadable" in told.err
    heard = {each["file"].removeprefix(f"{recordings}/"): each for each in json.loads(told.out)}
    assert len(heard) == 15 and "error" in heard["bad.wav"]
    for name, cosine in tested.items():
        np.testing.assert_allclose(list(heard[name]["cosine"].values()), cosine, atol=1e-5)
    assert "bad.wav" in error_of(capsys, "predict", str(run), str(recordings), "--strict")
    main(["predict", str(run), str(recordings / "hum" / "0.wav"), "--hop", "0.25"])
    assert "hum/0.wav" in capsys.readouterr().out
    check_submission(recordings, run, capsys)
    assert "no recordings" in error_of(capsys, "predict", str(run), str(recordings / "*.ogg"))
    assert asc_jax.load(run)(np.random.default_rng(0).normal(0, 0.1, 40_000), 16_000).scene in ("hum", "hiss")


def check_submission(recordings, run, capsys):
    """The list's clips get scenes, here with bands matched to those of training."""
    listed = recordings / "list.csv"
    listed.write_text("filename,scene_label\r\n2,\r\n0,\r\n")
    heard = [str(recordings / "hum" / f"{number}.wav") for number in (0, 2)]
    main(["predict", str(run), *heard, "--device-stats", "--submission", str(listed)])
    header, *rows = listed.read_text().splitlines()
    assert header == "filename,scene_label" and [row.split(",")[0] for row in rows] == ["2", "0"]
    assert all(row.split(",")[1] in ("hum", "hiss") for row in rows)
    capsys.readouterr()
    assert "not heard: 2" in error_of(capsys, "predict", str(run), heard[0], "--submission", str(listed))


def start_two(recordings, workdir):
    """As `start`, in two processes that train together."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        options = ["--distributed", "--coordinator", f"localhost:{free.getsockname()[1]}", "--processes", "2"]
    return [start(recordings, workdir, *options, "--process", f"{n}", JAX_NUM_CPU_DEVICES="1") for n in range(2)]


@pytest.mark.long
def test_two_processes_stop_together_and_learn_what_two_devices_of_one_process_learn(recordings, tmp_path):
    two = start_two(recordings, tmp_path / "two")
    folder = tmp_path / "two" / "scratch"
    wait_for_rows(folder / "metrics.csv", 1, two[0])
    two[1].send_signal(signal.SIGTERM)
    told = [process.communicate(timeout=300) for process in two]
    assert [process.returncode for process in two] == [75, 75], told
    assert all("stopped by SIGTERM after step" in error for _, error in told)
    assert "leak check" in told[0][0] and "leak check" not in told[1][0]  # the first alone speaks
    two = start_two(recordings, tmp_path / "two")
    told = [process.communicate(timeout=300) for process in two]
    assert [process.returncode for process in two] == [0, 0], told
    one = start(recordings, tmp_path / "one", JAX_NUM_CPU_DEVICES="2")
    _, error = one.communicate(timeout=300)
    assert one.returncode == 0, error
    ours, theirs = (load(tmp_path / name / "scratch")[2] for name in ("two", "one"))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-3), ours, theirs)
    ours, theirs = (read_csv(tmp_path / name / "scratch" / "predictions.csv") for name in ("two", "one"))
    assert ours.details == theirs.details
    np.testing.assert_allclose(ours.cosine, theirs.cosine, atol=2e-2)

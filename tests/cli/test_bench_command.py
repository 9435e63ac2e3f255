"""The command asc-jax bench, at sizes that take seconds."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import jax
import pytest
from jax.experimental import topologies

from asc_jax.bench import ahead_of_time, growth, machine, reading
from asc_jax.bench.chips import CHIPS, Chip
from asc_jax.cli import main
from asc_jax.devices import cores, mesh, mesh_of

pytestmark = pytest.mark.usefixtures("quickest_to_compile")
EXCHANGED = {"all-reduce", "all-gather"}  # gradients, and statistics
SMALL = ["--batch", "2", "--seconds", "1", "--repeats", "1", "--clips", "4"]


@pytest.fixture(autouse=True)
def small_machine(monkeypatch):
    """Rates that nothing needs to measure, and growth over the one size that is compiled anyway."""
    monkeypatch.setattr(machine, "limits", lambda bfloat16: {"matrix": 1e11, "memory": 1e10})
    monkeypatch.setattr(growth, "BATCHES", (2,))
    monkeypatch.setattr(growth, "LENGTHS", (1.0,))
    monkeypatch.setattr(growth, "STEPS", (1, 2))


@pytest.mark.long
def test_every_section_prints_its_results_and_keeps_them(tmp_path, capsys):
    sections = ["train", "eval", "latency", "read", "epoch", "growth"]
    files = [f"--{name}={tmp_path / file}" for name, file in (("json", "b.json"), ("picture", "g.png"))]
    main(["bench", *sections, *SMALL, "--experiment", "robust", *files, "--trace", str(tmp_path / "profile")])
    printed = capsys.readouterr().out
    findings = json.loads((tmp_path / "b.json").read_text())
    names = [result["name"] for result in findings["results"]]
    assert names[:2] == ["training step", "training steps in a row"]
    assert names[2:6] == ["evaluation", "one clip", "reading, cache none", "epoch, cache none"]
    assert names[6:8] == ["evaluation, batch 2", "training step, batch 2"]
    assert names[-1] == "epoch, cache none, clips 4"
    assert all(f"\n{name}" in printed for name in names)
    assert {operation["kind"] for operation in findings["collectives"]} == EXCHANGED
    assert any("trunk" in operation["layer"] for operation in findings["operations"])
    assert (tmp_path / "g.png").exists() and list((tmp_path / "profile").rglob("*.xplane.pb"))


def test_results_before_a_failure_are_printed_and_kept(tmp_path, capsys, monkeypatch):
    def fail(case, clips, cache):
        raise ZeroDivisionError

    monkeypatch.setattr(reading, "epochs", fail)
    with pytest.raises(ZeroDivisionError):
        main(["bench", "read", "epoch", *SMALL, "--json", str(tmp_path / "b.json")])
    assert "reading, cache none" in capsys.readouterr().out
    (result,) = json.loads((tmp_path / "b.json").read_text())["results"]
    assert result["name"] == "reading, cache none"


def test_growth_without_a_point_ends_with_its_own_error(tmp_path, monkeypatch):
    def fail(case, clips, cache):
        raise ZeroDivisionError

    monkeypatch.setattr(growth, "growth", fail)
    with pytest.raises(ZeroDivisionError):
        main(["bench", "growth", *SMALL, "--picture", str(tmp_path / "g.png")])
    assert not (tmp_path / "g.png").exists()


@pytest.mark.long
def test_every_core_that_can_share_a_batch_is_a_device_as_in_training(tmp_path):
    untimed = "bench._run = lambda *rest: None; machine.limits = lambda bfloat16: {'matrix': 1.0, 'memory': 1.0}"
    run = f"from asc_jax.cli import bench, main; from asc_jax.bench import machine; {untimed}; main()"
    options = ["bench", "eval", "--batch", str(cores()), "--seconds", "1", "--json", tmp_path / "b.json"]
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    subprocess.run([sys.executable, "-c", run, *options], env=environment, check=True)
    assert json.loads((tmp_path / "b.json").read_text())["machine"]["device"] == f"{cores()} x cpu"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--json", "missing/b.json"], "there is no folder missing"),
        (["growth", "--picture", "missing/g.png"], "there is no folder missing"),
        (["growth", "--picture", "g.xyz"], "must end in .png"),
        (["--json", "."], "is a folder"),
        (["--trace", __file__], "is a file"),
        (["eval", "--batch", "0"], "--batch 0: must be 1"),
        (["read", "--clips", "-1"], "--clips -1: must be 1"),
        (["eval", "--repeats", "0"], "--repeats 0: must be 1"),
        (["eval", "--seconds", "0.01"], "--seconds 0.01: must be 0.1"),
        (["eval", "--seconds", "nan"], "--seconds nan: must be 0.1"),
        (["eval", "--batch", "1", "--trace", "profile"], "cannot train"),
        (["eval", "--device", "tpu"], "--device tpu: JAX finds none here"),
        (["--json", "/proc/b.json"], "--json /proc/b.json: cannot be written"),
        (["growth", "--picture", "/proc/g.png"], "--picture /proc/g.png: cannot be written"),
        (["train", "--compile-for"], "--compile-for: name a TPU slice"),
        (["eval", "--batch", "1000000000000"], "do not fit into this machine's memory"),
        (["eval", "--seconds", "1e9"], "do not fit into this machine's memory"),
    ],
)
def test_what_would_fail_later_is_refused_before_anything_is_timed(options, reason, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["bench", *options])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert reason in error and error.count("\n") == 1


def test_what_was_compiled_for_other_devices_is_printed_and_kept(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(ahead_of_time, "tpu_mesh", lambda topology: mesh())
    monkeypatch.setitem(CHIPS, mesh().devices.flat[0].device_kind, Chip("none", 16e9, 819e9, 197e12))
    file = tmp_path / "compiled.json"
    main(["bench", "train", "--compile-for", "v5e:1x2", *SMALL, "--json", str(file)])
    printed = capsys.readouterr().out
    assert "v5e:1x2: 2 devices, 1 hosts" in printed and "training step, compiled and not run" in printed
    (program,) = json.loads(file.read_text())["programs"]
    assert program["clips"] == 1 and 0 < program["memory"] < 16e9
    assert {each["kind"] for each in program["collectives"]} == EXCHANGED
    assert program["ceilings"]["memory"] == pytest.approx(819e9 / program["traffic"])


def test_growth_over_chips_shares_the_batch_and_keeps_the_clips_of_a_chip(tmp_path, capsys, monkeypatch):
    slices = {"v5e:1x1": mesh_of(jax.devices()[:1]), "v5e:1x2": mesh()}
    monkeypatch.setattr(ahead_of_time, "tpu_mesh", slices.get)
    monkeypatch.setitem(CHIPS, mesh().devices.flat[0].device_kind, Chip("none", 16e9, 819e9, 197e12))
    drawn, draw = [], growth.draw
    monkeypatch.setattr(growth, "draw", lambda points, file: drawn.extend(points) or draw(points, file))
    json_file, picture = tmp_path / "compiled.json", tmp_path / "growth.png"
    files = ["--json", str(json_file), "--picture", str(picture)]
    main(["bench", "growth", *SMALL, *files, "--compile-for", *slices])
    programs = json.loads(json_file.read_text())["programs"]
    assert [(each["chips"], each["clips"]) for each in programs] == [(1, 2), (2, 1), (2, 2)]
    heights = [each["chips"] * each["ceilings"]["memory"] for each in programs]
    shared = [(point.x, point.y) for point in drawn if point.curve == "batch 2"]
    scaled = [(point.x, point.y) for point in drawn if point.curve == "2 clips a chip"]
    assert shared == [(1, heights[0]), (2, heights[1])] and scaled == [(1, heights[0]), (2, heights[2])]
    assert picture.exists() and str(picture) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "error", "advice"),
    [
        ([], RuntimeError("JAX TPU support not installed"), "install it with pip install -e '.[tpu]'"),
        ([], jax.errors.JaxRuntimeError("INVALID_ARGUMENT: no"), "v4: no TPU slice that its compiler knows; name one"),
        (["--batch", "3"], None, "2 devices cannot share a batch of 3 clips: use --batch 4"),
        (["latency"], None, "compiles train, eval and growth alone"),
        (["growth"], None, "cpu: growth is over slices of one kind"),
    ],
)
def test_what_cannot_be_compiled_is_reported_in_one_line(options, error, advice, capsys, monkeypatch):
    def describe(platform, topology_name):
        if error:
            raise error
        return SimpleNamespace(devices=jax.devices())

    monkeypatch.setattr(topologies, "get_topology_desc", describe)
    with pytest.raises(SystemExit) as stopped:
        main(["bench", "--compile-for", "v4", *SMALL, *options])
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert advice in line

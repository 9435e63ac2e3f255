"""That the benchmarks time what they say; how fast it is, no test says."""

import json
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.bench import growth, network, tables
from asc_jax.bench.machine import description, limits, memory, peak_memory
from asc_jax.bench.network import Case
from asc_jax.bench.reading import reading
from asc_jax.bench.timing import Result, seconds_in_a_row, seconds_of
from asc_jax.bench.trace import operations
from asc_jax.net.options import Network

CASE = Case(2, 1.0, Network(), 2)
RESULT = Result("training step", 32, [2.0, 1.0, 4.0], 9.0, 10**9, 5e9, 10**10, 2 * 10**9)


def test_every_repeat_is_timed_and_no_warm_up():
    calls = []

    def call():
        calls.append(None)
        time.sleep(0.01)
        return jnp.zeros(1)

    seconds = seconds_of(call, 3)
    assert len(calls) == 5 and len(seconds) == 3 and min(seconds) >= 0.01


def test_calls_in_a_row_are_timed_together():
    calls = []

    def call():
        calls.append(None)
        time.sleep(0.01)
        return jnp.zeros(1)

    (seconds,) = seconds_in_a_row(call, 3)
    assert len(calls) == 4 and 0.01 <= seconds


def test_shares_of_the_limits():
    assert RESULT.median == 2 and RESULT.clips_per_second == 16
    assert RESULT.shares({"matrix": 2e10, "memory": 5e9}) == {"matrix": 0.5, "memory": 0.5}
    assert Result("reading", 8, [1.0]).shares({"matrix": 1.0, "memory": 1.0}) == {}


def test_evaluation_of_one_clip():
    result = network.evaluation(CASE, clips=1)
    assert result.name == "one clip" and len(result.seconds) == 40
    assert result.compile_seconds > 0 and result.temporaries > 0 and result.traffic > 0
    assert result.multiply_accumulates == CASE.multiply_accumulates()


def test_reading_goes_through_whole_epochs(make_records):
    audio = CASE.audio(5)
    seen = []
    clips = make_records([{"id": f"{n}", "label": "ab"[n % 2], "split": "train"} for n in range(5)], audio, ("a", "b"))
    clips = clips.split("train")
    object.__setattr__(clips, "read", lambda numbers: seen.extend(numbers) or audio[numbers])
    result = reading(CASE, clips, "none")
    assert result.clips == 4 and len(result.seconds) == 2
    assert len(seen) == 3 * 4  # the warm-up, too


def test_machine_and_limits():
    machine = description()
    assert machine["jax"] == jax.__version__ and machine["cores"] >= 1
    assert 0 < peak_memory() < memory()
    assert all(rate > 0 for rate in limits(bfloat16=False).values())


def test_lines_and_json_show_the_same_numbers():
    rates = {"matrix": 2e10, "memory": 5e9}
    names, cells = tables.header().split(), tables.row(RESULT, rates).removeprefix("training step").split()
    assert len(tables.header()) == len(tables.row(RESULT, rates))
    assert cells == ["32", "2", "1", "4", "16", "9.0", "1.00", "2.00", "50%", "50%"] and names[0] == "clips"
    findings = tables.Findings({}, rates, [RESULT, Result("reading", 8, [1.0])])
    results = json.loads(findings.as_json())["results"]
    assert results[0]["clips_per_second"] == 16 and results[0]["shares"] == {"matrix": 0.5, "memory": 0.5}
    assert results[1]["median"] == 1 and results[1]["shares"] == {}


def test_growth_stops_before_the_memory_is_full(make_records, monkeypatch, tmp_path):
    rows = [{"id": str(number), "split": "train"} for number in range(16 * CASE.batch)]
    clips = make_records(rows, CASE.audio(len(rows)), ("bus",)).clips
    monkeypatch.setattr(growth, "memory", lambda: 100)
    monkeypatch.setattr(growth, "compile_training", lambda case: case)
    monkeypatch.setattr(
        growth, "training", lambda case: Result("training step", case.batch, [1.0], temporaries=5 * case.batch)
    )
    monkeypatch.setattr(growth, "evaluation", lambda case: Result("evaluation", case.batch, [0.5]))
    monkeypatch.setattr(growth, "epochs", lambda case, clips, cache: Result("epoch", len(clips), [2.0]))
    points = list(growth.growth(CASE, clips, "none"))
    values = {}
    for point in points:
        values.setdefault((point.varied, point.curve), []).append(point.value)
    assert values["batch", "training"] == [2, 4, 8] and values["batch", "evaluation"] == [1, 2, 4, 8]
    assert values["seconds", "training"] == list(growth.LENGTHS)  # a batch of 2 leaves room for 2.5 times the length
    assert values["clips", "epoch"] == [2, 8, 32]
    assert points[0].result.name == "evaluation, batch 1"
    assert points[0].point == growth.Point("evaluation", "batch", 1, "clips/s", 2)
    assert points[-1].point == growth.Point("epoch", "clips", 32, "seconds", 2)
    growth.draw([each.point for each in points], tmp_path / "growth.png")
    assert (tmp_path / "growth.png").stat().st_size > 10_000


def test_a_profile_names_the_layers(tmp_path):
    step = jax.jit(jax.named_scope("stem")(lambda x: jnp.sin(x) @ x)).lower(np.ones((300, 300), np.float32)).compile()
    with jax.profiler.trace(str(tmp_path)):
        for _ in range(3):
            jax.block_until_ready(step(np.ones((300, 300), np.float32)))
    (file,) = tmp_path.rglob("*.xplane.pb")
    found = operations(file, step.as_text())
    assert found and all(0 < operation.milliseconds < 1000 and operation.calls >= 1 for operation in found)
    assert any("stem" in operation.layer and "300,300" in operation.shape for operation in found)


@pytest.mark.parametrize(
    "options",
    [
        ["--device", "moon"],
        ["run"],
        ["--batch", "many"],
        ["--batch", "1"],
        ["--experiment", "no"],
        ["read", "--clips", "8"],
    ],
)
def test_wrong_options_are_reported_in_one_place(options, capsys):
    from asc_jax.cli import main

    with pytest.raises(SystemExit) as stopped:
        main(["bench", *options])
    assert stopped.value.code == 2

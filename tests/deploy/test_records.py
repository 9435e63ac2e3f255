from pathlib import Path

import numpy as np
import pytest

from asc_jax.data.splits import open_records
from asc_jax.deploy.records import clips_of
from asc_jax.errors import UserError
from asc_jax.evaluate.runs import FinishedRound


def test_records_that_are_gone_are_an_error(tmp_path, write_round, made_up):
    with pytest.raises(UserError, match=r"scratch: its records are not at hand \(absent\)"):
        clips_of(FinishedRound(write_round(tmp_path, "scratch", made_up())), tested=True)


def test_tested_clips_and_those_trained_on(tmp_path, write_round, made_up, make_records, monkeypatch):
    predictions = made_up(6)
    each = FinishedRound(write_round(tmp_path, "scratch", predictions, records=tmp_path))
    splits = [*["test"] * 6, *["train"] * 5, "validation", "unlabelled", ""]
    scenes = [*predictions.scenes * 4, "", ""]
    rows = [
        {"id": f"{number}", "listed": split, "label": scene if split != "unlabelled" else "", "split": split}
        for number, (split, scene) in enumerate(zip(splits, scenes, strict=True))
    ]
    for row, name in zip(rows, predictions.details["id"], strict=False):
        row["id"] = name
    clips = make_records(rows, np.zeros((14, 1), np.int16), predictions.scenes).clips
    for module in ("asc_jax.evaluate.runs", "asc_jax.data.splits"):
        monkeypatch.setattr(f"{module}.read_clips", lambda folder: (clips, "listed"))
    split = open_records(tmp_path).split_by
    monkeypatch.setitem(each.config["settings"], "split", split)
    assert clips_of(each, tested=True).column("id") == predictions.details["id"]
    assert clips_of(each, tested=False).column("id") == [f"{number}" for number in range(6, 11)]
    monkeypatch.setitem(each.config["settings"], "split", "listed (0)")
    with pytest.raises(UserError, match="no longer split as listed"):
        clips_of(each, tested=False)


def test_records_that_moved_with_the_run_are_found_again(tmp_path, write_round, made_up, monkeypatch):
    tail = "prepared/clips/1s-0/2.1.0"
    run = write_round(tmp_path / "new" / "runs" / "mine", "scratch", made_up(), records=f"/gone/{tail}")
    assert FinishedRound(run).records is None
    (tmp_path / "here" / tail).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    assert FinishedRound(run).records == tmp_path / "here" / tail
    monkeypatch.chdir(tmp_path / "new" / "runs")
    (tmp_path / "new" / tail).mkdir(parents=True)
    assert FinishedRound(run).records == tmp_path / "new" / tail
    assert FinishedRound(Path("mine/scratch")).records == tmp_path / "new" / tail

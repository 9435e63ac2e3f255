import numpy as np
import pytest

from asc_jax.deploy.records import clips_of
from asc_jax.errors import UserError
from asc_jax.evaluate.runs import FinishedRound


def test_records_that_are_gone_are_an_error(tmp_path, write_round, made_up):
    with pytest.raises(UserError, match=r"scratch: its records are not at hand \(absent\)"):
        clips_of(FinishedRound(write_round(tmp_path, "scratch", made_up())), tested=True)


def test_tested_clips_and_the_others_are_all(tmp_path, write_round, made_up, make_records, monkeypatch):
    told = made_up(6)
    each = FinishedRound(write_round(tmp_path, "scratch", told, records=tmp_path))
    names = [*told.details["id"], "one more", "another"]
    clips = make_records([{"id": name, "part": ""} for name in names], np.zeros((8, 1), np.int16), told.scenes).clips
    monkeypatch.setattr("asc_jax.evaluate.runs.read_clips", lambda folder: (clips, None))
    assert clips_of(each, tested=True).column("id") == told.details["id"]
    assert clips_of(each, tested=False).column("id") == ["one more", "another"]

import numpy as np
import pandas
import pytest

from asc_jax.deploy import calibration
from asc_jax.deploy.calibration import held_out, keep
from asc_jax.errors import UserError
from asc_jax.evaluate.calibrate import calibrate
from asc_jax.evaluate.predict import to_csv
from asc_jax.evaluate.runs import FinishedRound
from asc_jax.train import teachers

CLIPS = {"finetune-1": range(20), "1": range(20, 50), "2": range(50, 80)}  # that each is tested on


@pytest.fixture
def run(write_round, made_up, tmp_path):
    """A run, and beside it the two folds of a cross-validation of others of its clips."""
    predictions = made_up(clips=80)
    write_round(tmp_path / "mine", "finetune-1", predictions.subset(np.arange(20)))
    for fold in "12":
        write_round(tmp_path / "others" / f"session-{fold}", "finetune-1", predictions.subset(np.array(CLIPS[fold])))
    return FinishedRound(tmp_path / "mine" / "finetune-1")


def test_all_folds_of_a_cross_validation_are_taken(run, made_up, tmp_path):
    found, clips = held_out(run, tmp_path / "others")
    assert clips == f"the tests of {tmp_path / 'others'}"
    np.testing.assert_array_equal(found.cosine, made_up(clips=80).cosine[20:])
    one, _ = held_out(run, tmp_path / "others" / "session-2")
    assert one.details["id"] == [f"{number}.wav" for number in CLIPS["2"]]


def test_clips_that_the_run_is_tested_on_are_left_out(run, write_round, made_up, tmp_path):
    write_round(tmp_path / "others" / "session-3", "finetune-1", made_up(clips=80).subset(np.arange(10)))
    found, _ = held_out(run, tmp_path / "others")
    assert found.details["id"] == [f"{number}.wav" for number in range(20, 80)]
    for tested in (tmp_path / "mine", tmp_path / "others" / "session-3"):
        with pytest.raises(UserError, match="no clip of a known scene is left beside those that .* is tested on"):
            held_out(run, tested)


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("finetune-1", {"samples": 8_000}, "samples of a clip of .*: 8000, but of .*: 16000"),
        ("pseudolabel", {}, "command of .*: pseudolabel, but of .*: finetune"),
        ("finetune-1", {"members": ["a", "b"]}, "networks of .*: 2, but of .*: 1"),
    ],
)
def test_other_networks_are_refused(run, write_round, made_up, tmp_path, name, changed, message):
    write_round(tmp_path / "unlike", name, made_up(clips=80), **changed)
    with pytest.raises(UserError, match=message):
        held_out(run, tmp_path / "unlike")


def test_clips_that_share_a_session_with_training_are_refused(run, tmp_path):
    leak = tmp_path / "others" / "session-1" / "finetune-1" / "leak.json"
    leak.write_text(leak.read_text().replace('"same_session": 0', '"same_session": 3'))
    with pytest.raises(UserError, match="3 test clips of .*session-1.* share a session with its training"):
        held_out(run, tmp_path / "others")


@pytest.fixture
def records(make_records, monkeypatch, made_up):
    """Four clips for validation, one of them of a session that is in training, and the rounds' network."""
    splits = ["train", "train", "validation", "validation", "validation", "validation", "test"]
    sessions = ["s0", "s1", "s1", "s2", "s3", "s3", "s4"]
    rows = [
        {"id": f"v{number}", "split": split, "session": session, "label": "bus", "truth": "bus"}
        for number, (split, session) in enumerate(zip(splits, sessions, strict=True))
    ]
    records = make_records(rows, np.zeros((len(rows), 8), np.int16), ("bus", "park", "tram"))

    def predict(net, variables, clips, batch_size):
        details = {name: clips.column(name) for name in ("id", "device", "city", "session")}
        found = made_up(clips=len(clips))
        return type(found)(found.scenes, found.cosine, clips.class_ids("truth"), details), None

    monkeypatch.setattr(calibration, "reopen_records", lambda path, split: records)
    monkeypatch.setattr(calibration, "load", lambda folder: (None, None, None))
    monkeypatch.setattr(calibration, "predict", predict)
    monkeypatch.setattr(FinishedRound, "records", records.path)
    return records


def test_the_validation_split_is_predicted_without_sessions_of_training(run, records):
    found, clips = held_out(run, None)
    assert found.details["id"] == ["v3", "v4", "v5"] and clips == "the split validation"


def test_without_a_validation_split_the_error_says_how_to_go_on(run, records):
    records.splits.replace("validation", "", inplace=True)
    with pytest.raises(UserError, match="no split 'validation' .*--cross-validate session --out OTHER.*--on OTHER"):
        held_out(run, None)


def test_a_validation_split_of_sessions_in_training_is_refused(run, records):
    records.clips.table["session"] = "s0"
    with pytest.raises(UserError, match="every session of its split 'validation' is in training"):
        held_out(run, None)


def test_records_that_are_gone_are_reported(run):
    with pytest.raises(UserError, match="its records are not at hand"):
        held_out(run, None)


def test_predictions_are_written_with_their_new_confidence(run, tmp_path):
    file = run.folder / "predictions.csv"
    before, fingerprint = file.read_text(), teachers.fingerprint(f"{tmp_path}/mine")
    fit = calibrate(held_out(run, tmp_path / "others")[0], 0.05, "these")
    keep(run, fit)
    calibrated = FinishedRound(run.folder)
    table = pandas.read_csv(file)
    np.testing.assert_allclose(table["confidence"], fit.calibration.confidence(run.tested.cosine), rtol=1e-6)
    assert to_csv(run.tested) == before != to_csv(calibrated.tested) == file.read_text()
    assert teachers.fingerprint(f"{tmp_path}/mine") == fingerprint

import json

import numpy as np
import pandas
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score

import asc_jax
from asc_jax.errors import UserError
from asc_jax.evaluate.evaluation import RELEASED, cross_validated, evaluate, write_json
from asc_jax.evaluate.predict import Predictions
from asc_jax.evaluate.runs import FinishedRound, ancestors, read_run
from asc_jax.evaluate.tables import groups_tables, rounds_table


@pytest.fixture
def run(write_round, made_up, tmp_path):
    write_round(tmp_path, "finetune-10", made_up(right=0.9), start="pretrain", devices=("b",))
    write_round(tmp_path, "finetune-2", made_up())
    write_round(tmp_path, "pretrain", made_up(right=0.5), devices=("a",))
    (tmp_path / "pseudolabel").mkdir()  # has not finished
    return tmp_path


def test_rounds_are_read_in_the_order_of_the_phases(run):
    assert [each.name for each in read_run(run)] == ["pretrain", "finetune-2", "finetune-10"]
    assert [each.name for each in read_run(run / "finetune-2")] == ["finetune-2"]
    assert [each.name for each in ancestors(FinishedRound(run / "finetune-10"))] == ["finetune-10", "pretrain"]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("pseudolabel", "no round has finished"),
        ("nowhere", "there is no such run"),
        ("pretrain/config.json", "is a file, no run"),
        ("..", "but the runs .* lie in it"),
    ],
)
def test_what_is_no_run_is_reported_with_what_would_be_one(run, place, message):
    with pytest.raises(UserError, match=message):
        read_run(run / place)


def test_scores_are_those_of_the_table_on_disk(run):
    table = pandas.read_csv(run / "finetune-10" / "predictions.csv")
    found = evaluate(FinishedRound(run / "finetune-10"))
    assert found.clips == 60 and found.sessions == 15
    assert found.scores["accuracy"].value == pytest.approx(accuracy_score(table["truth"], table["scene"]))
    macro = found.scores["macro accuracy"]
    assert macro.value == pytest.approx(balanced_accuracy_score(table["truth"], table["scene"]))
    assert macro.low < macro.value < macro.high
    for kind, column in (("scene", "truth"), ("device", "device"), ("city", "city")):
        right = (table["truth"] == table["scene"]).groupby(table[column]).mean()
        assert {name: group.accuracy.value for name, group in found.groups[kind].items()} == pytest.approx(dict(right))


def test_scenes_are_in_the_order_of_the_networks(write_round, made_up, tmp_path):
    predictions = made_up()
    scenes = ("tram", "bus", "park")
    renamed = Predictions(scenes, predictions.cosine, predictions.truth, predictions.details)
    write_round(tmp_path, "scratch", renamed)
    groups = evaluate(FinishedRound(tmp_path / "scratch")).groups
    assert tuple(groups["scene"]) == scenes and list(groups["device"]) == ["a", "b", "c"]


def test_a_device_is_seen_if_any_round_of_the_chain_was_trained_on_it(run):
    groups = evaluate(FinishedRound(run / "finetune-10")).groups["device in training"]
    assert {name: group.clips for name, group in groups.items()} == {"seen": 40, "unseen": 20}
    assert "city in training" not in evaluate(FinishedRound(run / "finetune-10")).groups


def test_what_was_learned_from_another_data_set_does_not_count(run):
    file = run / "pretrain" / "config.json"
    config = json.loads(file.read_text())
    config["settings"]["data"] = "tau2020/10s-0/2.0.0"
    file.write_text(json.dumps(config))
    groups = evaluate(FinishedRound(run / "finetune-10")).groups["device in training"]
    assert {name: group.clips for name, group in groups.items()} == {"seen": 20, "unseen": 40}


def test_the_released_protocol_is_shown_beside(run):
    found = evaluate(FinishedRound(run / "pretrain"), released=True).scores
    assert found[RELEASED].value <= found["accuracy"].value


def test_json_holds_null_for_what_is_not_known(write_round, made_up, tmp_path):
    predictions = made_up(clips=4)  # of one session
    write_round(tmp_path, "scratch", predictions)
    write_json(tmp_path / "scores.json", [evaluate(each) for each in read_run(tmp_path)])
    (kept,) = json.loads((tmp_path / "scores.json").read_text())
    assert kept["scores"]["accuracy"]["low"] is None and kept["round"] == "scratch"


def test_clips_without_a_scene_are_not_scored(write_round, made_up, tmp_path):
    predictions = made_up()
    half = Predictions(
        predictions.scenes, predictions.cosine, np.where(np.arange(60) < 30, predictions.truth, -1), predictions.details
    )
    write_round(tmp_path, "scratch", half)
    assert evaluate(FinishedRound(tmp_path / "scratch")).clips == 30
    none = Predictions(predictions.scenes, predictions.cosine, np.full(60, -1), predictions.details)
    write_round(tmp_path, "pretrain", none)
    with pytest.raises(UserError, match="the scene of no clip is known"):
        evaluate(FinishedRound(tmp_path / "pretrain"))


def cells(table):
    return {column.header: list(column.cells) for column in table.columns}


def test_tables_show_scores_and_intervals(run):
    found = [evaluate(each) for each in read_run(run)]
    shown = cells(rounds_table(found))
    accuracy = found[0].scores["accuracy"]
    expected = " ".join(f"{100 * each:.1f}" for each in (accuracy.value, accuracy.low, accuracy.high))
    assert shown["accuracy in %"][0].translate(str.maketrans("", "", "[],")) == expected
    assert shown["round"] == ["pretrain", "finetune-2", "finetune-10"] and shown["sessions"] == ["15"] * 3
    kinds = [table.columns[0].header for table in groups_tables(found[2])]
    assert kinds == ["scene", "device", "city", "device in training"]


def test_folds_are_scored_together(write_round, made_up, tmp_path):
    """As scikit-learn scores the clips of all folds; each network knows only its own."""
    whole = made_up(clips=90)
    tested = np.arange(90) % 2 == 0
    for fold, chosen in (("a", tested), ("b", ~tested)):
        write_round(tmp_path / fold, "pseudolabel", whole.subset(chosen))
    rounds = [FinishedRound(tmp_path / fold / "pseudolabel") for fold in "ab"]
    evaluation = cross_validated(rounds, "session")
    assert (evaluation.clips, evaluation.split) == (90, "session")
    assert evaluation.scores["accuracy"].value == pytest.approx(accuracy_score(whole.truth, whole.label))
    assert {name: group.clips for name, group in evaluation.groups["device"].items()} == {"a": 30, "b": 30, "c": 30}
    with pytest.raises(UserError, match="test the same clips"):
        cross_validated([rounds[0], rounds[0]], "session")


def test_scores_in_python_are_those_of_the_rounds(run):
    table = asc_jax.scores(run)
    assert table.index.tolist() == ["pretrain", "finetune-2", "finetune-10"]
    predictions = FinishedRound(run / "finetune-2").predictions
    row = table.loc["finetune-2"]
    assert row["accuracy"] == pytest.approx(accuracy_score(predictions.truth, predictions.label))
    assert row["accuracy, low"] < row["accuracy"] < row["accuracy, high"] and row["clips"] == 60

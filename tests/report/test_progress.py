import json

import numpy as np
import pandas
import pytest
from sklearn.metrics import accuracy_score

from asc_jax.report.progress import accuracies, accuracy_of_rounds
from asc_jax.report.run import open_run


@pytest.fixture
def run(write_round, made_up, tmp_path):
    """Three rounds that differ, the last two of one chain."""
    write_round(tmp_path, "pretrain", made_up(right=0.5), devices=("b",))
    write_round(tmp_path, "scratch", made_up(right=0.3), devices=("a",))
    write_round(tmp_path, "finetune-1", made_up(), start="pretrain", devices=("a",), cities=("lyon",))
    return tmp_path


def test_every_round_is_scored_on_what_the_last_one_has_not_seen(run):
    found = accuracies(open_run(run))
    unseen = {"unseen devices": ("device", ["c"]), "unseen cities": ("city", ["oslo"])}
    assert list(found) == ["all clips", *unseen]
    for number, name in enumerate(("pretrain", "scratch", "finetune-1")):
        table = pandas.read_csv(run / name / "predictions.csv")
        assert found["all clips"][number].value == pytest.approx(accuracy_score(table["truth"], table["scene"]))
        for group, (column, names) in unseen.items():
            part = table[table[column].isin(names)]
            interval = found[group][number]
            assert interval.value == pytest.approx(accuracy_score(part["truth"], part["scene"]))
            assert interval.low < interval.value < interval.high


def test_a_line_joins_the_rounds_of_the_chain_alone(run):
    figure, alt = accuracy_of_rounds(open_run(run))
    lines = [line for line in figure.axes[0].get_lines() if line.get_linestyle() == "-"]
    assert [np.round(line.get_xdata()).tolist() for line in lines] == [[0, 2]] * 3
    assert "pretrain, scratch, finetune-1" in alt


def test_a_round_that_was_tested_on_other_clips_is_marked(run, write_round, made_up):
    write_round(run, "pseudolabel", made_up(clips=30), start="finetune-1", devices=("a",))
    found = accuracies(open_run(run))
    assert np.isnan([each.value for each in found["unseen devices"]]).tolist() == [True, True, True, False]
    figure, alt = accuracy_of_rounds(open_run(run))
    assert "pretrain*, scratch*, finetune-1*, pseudolabel:" in alt


def test_without_known_devices_there_is_one_curve(run):
    for file in run.glob("*/leak.json"):
        file.write_text(json.dumps(json.loads(file.read_text()) | {"devices": [], "cities": []}))
    assert list(accuracies(open_run(run))) == ["all clips"]

import json

import pytest

from asc_jax.config import CONFIG
from asc_jax.evaluate.calibrate import calibrate, write_fit
from asc_jax.evaluate.evaluation import evaluate
from asc_jax.report.card import write_card
from asc_jax.report.run import open_run


@pytest.fixture
def run(tmp_path, write_round, made_up):
    """Two rounds, the second trained on devices a and s1."""
    write_round(tmp_path, "pretrain", made_up(seed=1))
    write_round(tmp_path, "finetune-1", made_up(), start="pretrain", devices=("a", "s1"))
    return tmp_path


def test_the_card_tells_training_scores_limits_and_licences(run):
    card = write_card(open_run(run)).read_text()
    accuracy = evaluate(open_run(run).last).scores["accuracy"]
    assert f"{100 * accuracy.value:.1f} [{100 * accuracy.low:.1f}, {100 * accuracy.high:.1f}] %" in card
    rows = [line for line in card.splitlines() if line.startswith("| ")]
    assert any(row.startswith("| pretrain | clips/1s-0/2.0.0 | train | fresh weights | 2 | 4 |") for row in rows)
    assert any(row.startswith("| finetune-1 | clips/1s-0/2.0.0 | train | pretrain |") for row in rows)
    assert "Devices in training: a, s1; cities: not known." in card
    assert "0 of 60 test clips share a session with train" in card
    assert "* clips: your own recordings" in card


def test_the_card_says_whether_other_places_are_recognised(run):
    assert 'there is no "none of them"' in write_card(open_run(run)).read_text()
    fit = calibrate(open_run(run).last.predictions, 0.05, "these")
    write_fit(run / "finetune-1", fit)
    card = write_card(open_run(run)).read_text()
    assert f"whose energy score is below {fit.threshold:.2f}, as {100 * fit.called_unknown:.1f} % of 60 clips" in card
    assert 'there is no "none of them"' not in card


def test_every_row_of_a_table_is_as_wide_as_its_head(run):
    table = []
    for line in [*write_card(open_run(run)).read_text().splitlines(), ""]:
        if line.startswith("|"):
            table.append(line.count("|"))
        elif table:
            assert len(set(table)) == 1 and len(table) > 2, table
            table = []


def test_imported_weights_are_named_as_such(run):
    file = run / "pretrain" / CONFIG
    config = json.loads(file.read_text())
    config["settings"] |= {"imported": "0badcafe", "data": ""}
    file.write_text(json.dumps(config))
    assert "| unknown | train | a PyTorch checkpoint (tensors 0badcafe)" in write_card(open_run(run)).read_text()


def test_the_card_of_an_ensemble_whose_members_are_gone_has_no_empty_columns(write_round, made_up, tmp_path):
    write_round(tmp_path, "ensemble-1", made_up(), members=["/gone/1", "/gone/2"])
    file = tmp_path / "ensemble-1" / CONFIG
    config = json.loads(file.read_text())
    config["settings"]["round"]["command"] = "pseudolabel"
    file.write_text(json.dumps(config))
    card = write_card(open_run(tmp_path)).read_text()
    assert "| round | data | trained on | weights from |\n|---|---|---|---|\n" in card
    assert "| ensemble-1 | clips/1s-0/2.0.0 | train | the mean of 2 networks |\n" in card

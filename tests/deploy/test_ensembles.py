import dataclasses

import jax
import numpy as np
import pytest
from scipy.special import softmax

from asc_jax.cli import experiments
from asc_jax.config import PAPER, RELEASED, rounds
from asc_jax.deploy.classifier import load
from asc_jax.deploy.ensembles import write_ensemble
from asc_jax.deploy.exporting.program import program
from asc_jax.errors import UserError
from asc_jax.evaluate.evaluation import evaluate
from asc_jax.evaluate.runs import read_run
from asc_jax.net.scenenet import SceneNet
from asc_jax.report.card import write_card
from asc_jax.report.page import write_report
from asc_jax.report.run import open_run
from asc_jax.train import checkpoint
from asc_jax.train.rounds import _before
from asc_jax.train.step import create_state

pytestmark = pytest.mark.usefixtures("quickest_to_compile")


@pytest.fixture(scope="module")
def runs(quickest_to_compile, tmp_path_factory, write_round, made_up):
    """Two runs of different networks, each of one finished round with its checkpoint."""
    runs = []
    for seed, network in enumerate((RELEASED, PAPER)):
        run = tmp_path_factory.mktemp("run")
        fields = {"wavegram_filters": 128, "magnitude_mel": True, "plain_projection": True} if seed else None
        folder = write_round(run, "finetune-1", made_up(seed=seed), seed=seed, devices=("abc"[seed],), network=fields)
        with checkpoint.opened(folder) as checkpoints:
            checkpoint.save(checkpoints, 0, create_state(SceneNet(3, network), 16_000, jax.random.key(seed)))
        runs.append(run)
    return runs


@pytest.fixture(scope="module")
def ensemble(runs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("together") / "ensemble"
    write_ensemble(runs, folder)
    return folder


def test_it_predicts_the_mean_of_its_members(runs, ensemble):
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000)
    each = [load(run)(noise, 16_000).cosine for run in runs]
    np.testing.assert_allclose(load(ensemble.parent)(noise, 16_000).cosine, np.mean(each, 0), atol=1e-5)
    cosine, confidence = jax.jit(program(load(ensemble.parent)))(noise[None].astype(np.float32))
    np.testing.assert_allclose(cosine[0], np.mean(each, 0), atol=1e-4)
    np.testing.assert_allclose(confidence[0], softmax(8 * np.mean(each, 0)).max(), atol=1e-3)


def test_it_is_scored_as_its_members_were_tested(runs, ensemble):
    members = [read_run(run)[-1].predictions for run in runs]
    round_ = read_run(ensemble.parent)[-1]
    label = np.mean([each.cosine for each in members], 0).argmax(1)
    evaluation = evaluate(round_)
    assert evaluation.scores["accuracy"].value == pytest.approx(np.mean(label == members[0].truth))
    assert evaluation.groups["device in training"]["seen"].clips == 40  # "a" of the first member, "b" of the second


def test_its_report_has_the_settings_of_every_member(ensemble):
    page = write_report(open_run(ensemble.parent)).read_text()
    assert "wavegram filters: 1," in page and "wavegram filters: 128," in page
    card = write_card(open_run(ensemble.parent)).read_text()
    assert "| ensemble | clips" in card and "| the mean of 2 networks |  |  |  |" in card


def test_an_ensemble_is_no_start(ensemble, tmp_path, make_records):
    start = dataclasses.replace(experiments()["demo"], workdir=str(tmp_path), start=str(ensemble.parent))
    records = make_records([{"id": "a", "split": "train"}], np.zeros((1, 16_000), np.int16), ("a", "b", "c"))
    with pytest.raises(UserError, match="an ensemble; it can be a teacher"):
        _before(start, rounds(start, "finetune")[0], records)


def test_runs_that_differ_are_refused(runs, ensemble, tmp_path, write_round, made_up):
    with pytest.raises(UserError, match="is an ensemble already"):
        write_ensemble([runs[0], ensemble.parent], tmp_path / "ensemble")
    write_round(tmp_path / "fewer", "finetune-1", made_up(clips=57))
    with pytest.raises(UserError, match="were not tested on the same clips"):
        write_ensemble([runs[0], tmp_path / "fewer"], tmp_path / "ensemble")
    write_round(tmp_path / "shorter", "finetune-1", made_up(), samples=8000)
    with pytest.raises(UserError, match=r"cannot be averaged with .*: samples was 16000, is now 8000"):
        write_ensemble([runs[0], tmp_path / "shorter"], tmp_path / "ensemble")
    assert not (tmp_path / "ensemble").exists()

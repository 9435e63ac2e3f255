from dataclasses import replace
from pathlib import PurePath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from asc_jax.evaluate import scores
from asc_jax.evaluate.calibration import Calibration
from asc_jax.evaluate.predict import Predictions
from asc_jax.evaluate.tables import detection_table
from asc_jax.evaluate.unknown import detect, rates
from asc_jax.net.arcface import SCALE

LEVELS = st.lists(st.integers(0, 20), min_size=1, max_size=30)


@settings(max_examples=40)
@given(LEVELS, LEVELS)
def test_rates_are_those_of_counting(known, unknown):
    """Over all pairs, and at the highest threshold that 95 % of the known clips reach; ties count half."""
    score = np.array(known + unknown, float)
    is_known = np.arange(len(score)) < len(known)
    auroc, false_positives = rates(is_known, score, np.ones(len(score)))
    pairs = np.subtract.outer(known, unknown)
    assert auroc == pytest.approx(np.mean((pairs > 0) + (pairs == 0) / 2))
    assert auroc == pytest.approx(roc_auc_score(is_known, score))
    reached = max(level for level in known if np.mean(np.array(known) >= level) >= 0.95 - 1e-9)
    assert false_positives == pytest.approx(np.mean(np.array(unknown) >= reached))


@settings(max_examples=20)
@given(LEVELS, LEVELS, st.integers(0, 100))
def test_weights_repeat_clips(known, unknown, seed):
    score, is_known = np.array(known + unknown, float), np.arange(len(known + unknown)) < len(known)
    weight = np.random.default_rng(seed).integers(0, 3, len(score))
    weight[[0, -1]] += 1
    repeated = np.repeat(np.arange(len(score)), weight)
    expected = rates(is_known[repeated], score[repeated], np.ones(len(repeated)))
    assert rates(is_known, score, weight) == pytest.approx(expected)


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setattr(scores, "RESAMPLES", 50)
    random = np.random.default_rng(0)
    cosine = random.normal(0, 0.05, (60, 3)) + 0.4 * np.eye(3)[np.arange(60) % 3]
    details = {"id": [f"{n}" for n in range(60)], "session": [f"{n // 4}" for n in range(60)]}
    return Predictions(("a", "b", "c"), cosine, np.arange(60) % 3, details)


def test_intervals_are_over_the_sessions_of_both(known):
    random = np.random.default_rng(1)
    cosine = random.normal(0, 0.05, (40, 3)) + 0.3 * np.eye(3)[np.arange(40) % 3]
    files = [PurePath(f"{number}.wav") for number in range(40)]
    alone = detect(known, cosine, files)
    assert (alone.known, alone.unknown, alone.known_called_unknown) == (60, 40, None)
    assert alone.auroc.low < alone.auroc.value < alone.auroc.high
    assert alone.false_positives.low <= alone.false_positives.value <= alone.false_positives.high
    level = np.repeat(random.normal(0, 0.1, 10), 4)[:, None]  # clips of a session are alike
    wide, narrow = (
        detect(known, cosine + level, [PurePath(name.format(n // 4, n)) for n in range(40)]).auroc
        for name in ("{}/{}.wav", "{1}.wav")
    )
    assert wide.value == narrow.value and wide.high - wide.low > narrow.high - narrow.low
    one = detect(known, cosine, [PurePath("place/1.wav")] * 40)
    assert one.auroc.value == alone.auroc.value and np.isnan(one.auroc.low)


def test_the_table_says_what_the_threshold_does(known):
    calibrated = replace(known, calibration=Calibration(threshold=3.5))
    found = detect(calibrated, np.array([[0.1, 0.2, 0.1], [0.5, 0.1, 0.1]]), [PurePath("1.wav"), PurePath("2.wav")])
    assert found.unknown_called_unknown == 0.5
    assert found.known_called_unknown == np.mean(np.log(np.exp(SCALE * known.cosine).sum(1)) < 3.5)
    cells = [list(column.cells)[0] for column in detection_table("pseudolabel", found).columns]
    assert cells[:2] == ["60", "2"] and cells[-1] == "50.0"

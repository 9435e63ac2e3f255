import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, log_loss, recall_score

from asc_jax.evaluate import scores
from asc_jax.evaluate.predict import Predictions

SCENES = ("bus", "park", "tram")


def predictions(truth, cosine, sessions=None):
    truth = np.array(truth)
    names = [f"{number}" for number in range(len(truth))]
    return Predictions(
        SCENES, np.asarray(cosine, np.float32), truth, {"id": names, "session": sessions or [""] * len(truth)}
    )


@st.composite
def weighted_predictions(draw):
    """Random predictions, and a weight for each of them, as a resample has it."""
    count = draw(st.integers(1, 40))
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    weight = np.maximum(random.integers(0, 3, count), np.arange(count) == 0)
    return predictions(random.integers(0, 3, count), random.uniform(-1, 1, (count, 3))), weight


@given(weighted_predictions())
def test_weighted_scores_are_those_of_repeated_clips(pair):
    ours, weight = pair
    repeated = ours.subset(np.repeat(np.arange(len(weight)), weight))
    truth, label = repeated.truth, repeated.label
    expected = {
        scores.accuracy: accuracy_score(truth, label),
        scores.macro_accuracy: recall_score(truth, label, labels=np.unique(truth), average="macro", zero_division=0),
        scores.log_loss: log_loss(truth, repeated.probability, labels=[0, 1, 2]),
    }
    for score, value in expected.items():
        np.testing.assert_allclose(score(ours, weight), value, rtol=1e-6)
        both = score(ours, np.stack([weight, np.ones_like(weight)]))
        np.testing.assert_allclose(both, [value, score(ours, np.ones(len(weight)))], rtol=1e-6)


def test_calibration_error_against_the_reliability_diagram_of_scikit_learn():
    random = np.random.default_rng(0)
    ours = predictions(random.integers(0, 3, 500), random.uniform(-1, 1, (500, 3)))
    right, probability = ours.label == ours.truth, ours.probability.max(1)
    shares, means = calibration_curve(right, probability, n_bins=scores.BINS)
    counts = np.histogram(probability, scores.BINS, (0, 1))[0]
    expected = np.abs(shares - means) @ counts[counts > 0] / 500
    np.testing.assert_allclose(scores.calibration_error(ours, np.ones(500)), expected, rtol=1e-9)


def test_the_released_protocol_never_counts_more_clips_as_right():
    close = predictions([0, 0, 0], [[0.9, 0.1, 0], [0.5, 0.45, 0], [0.1, 0.9, 0]])
    ones = np.ones(3)
    assert scores.accuracy(close, ones) == pytest.approx(2 / 3)
    assert scores.released_accuracy(close, ones) == pytest.approx(1 / 3)


def test_sessions_are_drawn_whole():
    ours = predictions([0] * 6, np.eye(3)[[0] * 6], ["x", "x", "y", "", "", "y"])
    assert scores.sessions(ours).max() + 1 == 4
    drawn = scores.resample_sessions(ours)
    np.testing.assert_array_equal(drawn[:, [0, 2]], drawn[:, [1, 5]])
    assert (drawn[:, 0] + drawn[:, 2] + drawn[:, 3] + drawn[:, 4] == 4).all()
    np.testing.assert_allclose(drawn.mean(0), 1, atol=0.1)


def test_interval_of_independent_clips_is_the_normal_one():
    random = np.random.default_rng(0)
    right = random.random(400) < 0.7
    ours = predictions([0] * 400, np.where(right[:, None], [1, 0, 0], [0, 1, 0]))
    share = right.mean()
    expected = norm(share, np.sqrt(share * (1 - share) / 400)).ppf([0.025, 0.975])
    found = scores.interval(scores.accuracy, ours, scores.resample_sessions(ours))
    assert found.value == pytest.approx(share)
    np.testing.assert_allclose([found.low, found.high], expected, atol=0.01)


def test_interval_over_sessions_is_wider_than_over_clips():
    right = np.repeat(np.arange(20) % 2 == 0, 20)  # all clips of a session are right, or none
    ours = predictions([0] * 400, np.where(right[:, None], [1, 0, 0], [0, 1, 0]), [f"s{n // 20}" for n in range(400)])
    alone = predictions([0] * 400, ours.cosine)
    wide, narrow = (scores.interval(scores.accuracy, each, scores.resample_sessions(each)) for each in (ours, alone))
    ratio = (wide.high - wide.low) / (narrow.high - narrow.low)
    assert ratio == pytest.approx(np.sqrt(20), rel=0.15)


def test_one_session_gives_no_interval():
    ours = predictions([0, 1], np.eye(3)[:2], ["x", "x"])
    found = scores.interval(scores.accuracy, ours, scores.resample_sessions(ours))
    assert found.value == 1 and np.isnan(found.low) and np.isnan(found.high)


@pytest.mark.parametrize("right", [True, False])
def test_all_right_or_none_still_has_an_interval(right):
    ours = predictions([0] * 5, np.eye(3)[[0 if right else 1] * 5])
    found = scores.interval(scores.accuracy, ours, scores.resample_sessions(ours))
    limit = 0.025 ** (1 / 5)  # five of five come by chance that often where the share is no more than this
    expected = (limit, 1) if right else (0, 1 - limit)
    assert (found.low, found.high) == pytest.approx(expected)

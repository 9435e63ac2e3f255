import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from sklearn.metrics import log_loss

from asc_jax.errors import UserError
from asc_jax.evaluate import scores
from asc_jax.evaluate.calibrate import TEMPERATURES, calibrate, read_fit, temperature, threshold, write_fit
from asc_jax.evaluate.calibration import NOT_CALIBRATED, UNKNOWN, Calibration, read_calibration
from asc_jax.evaluate.predict import Predictions
from asc_jax.evaluate.runs import FinishedRound
from asc_jax.net.arcface import SCALE

SCENES = ("bus", "park", "tram")


def drawn(count, true_temperature, seed=0):
    """Predictions whose scenes are drawn with the probabilities that the true temperature gives."""
    random = np.random.default_rng(seed)
    cosine = random.uniform(-1, 1, (count, 3)).astype(np.float32)
    gumbel = random.gumbel(size=(count, 3))  # the largest of logits plus this noise is drawn by their softmax
    truth = (SCALE * cosine / true_temperature + gumbel).argmax(1)
    details = {"id": [f"{number}" for number in range(count)], "session": [f"{n // 4}" for n in range(count)]}
    return Predictions(SCENES, cosine, truth, details)


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_the_true_temperature_is_found(true):
    assert temperature(drawn(10_000, true)) == pytest.approx(true, rel=0.06)


@settings(max_examples=15)
@given(st.integers(0, 1000), st.floats(0.1, 8), st.integers(20, 60))
def test_the_log_loss_of_the_fitted_clips_is_the_least_there_is(seed, true, count):
    predictions = drawn(count, true, seed)
    fit = calibrate(predictions, 0.05, "these")
    assert fit.log_loss[1] <= fit.log_loss[0] and TEMPERATURES[0] <= fit.temperature <= TEMPERATURES[1]
    logits = SCALE * predictions.cosine.astype(float)
    for other in np.geomspace(*TEMPERATURES, 30):
        loss = -log_softmax(logits / other, axis=1)[np.arange(count), predictions.truth].mean()
        assert fit.log_loss[1] <= loss + 1e-6
    calibrated = dataclasses.replace(predictions, calibration=fit.calibration)
    assert fit.log_loss[1] == pytest.approx(log_loss(predictions.truth, calibrated.probability, labels=[0, 1, 2]))
    assert fit.calibration_error[1] == scores.calibration_error(calibrated, np.ones(count))


def test_clips_that_are_all_right_do_not_make_it_certain():
    certain = Predictions(
        SCENES, np.eye(3, dtype=np.float32)[[0, 1, 2] * 10], np.array([0, 1, 2] * 10), drawn(30, 1).details
    )
    assert temperature(certain) == pytest.approx(TEMPERATURES[0], rel=1e-3)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=300, unique=True), st.floats(0.01, 0.5))
def test_the_threshold_keeps_the_stated_rate_on_the_fitted_clips(values, false_unknown):
    values = np.array(values)
    found = threshold(values, false_unknown)
    if found is None:
        assert len(values) + 1 < 1 / false_unknown
    else:
        below = (values < found).sum()
        assert below <= false_unknown * len(values) < below + 2


def test_the_threshold_keeps_the_stated_rate_on_other_clips():
    """As often as it promises: over many calibrations, on average."""
    random = np.random.default_rng(0)
    rates = [np.mean(random.normal(size=400) < threshold(random.normal(size=61), 0.05)) for _ in range(1000)]
    assert 0.045 < np.mean(rates) < 0.051


def test_too_few_clips_are_refused():
    with pytest.raises(UserError, match="the split validation: 19 clips are too few to calibrate on; it needs 20"):
        calibrate(drawn(19, 1), 0.05, "the split validation")


def test_a_fit_is_kept_in_the_round_and_used_for_all_its_scores(write_round, made_up, tmp_path):
    folder = write_round(tmp_path, "finetune-1", made_up())
    before = FinishedRound(folder).predictions
    assert read_calibration(folder) == before.calibration == NOT_CALIBRATED and read_fit(folder) is None
    fit = calibrate(before, 0.05, "these")
    write_fit(folder, fit)
    assert read_fit(folder) == fit and (fit.clips, fit.sessions) == (60, 15)
    after = FinishedRound(folder).predictions
    assert after.calibration == fit.calibration == read_calibration(folder)
    np.testing.assert_array_equal(after.cosine, before.cosine)
    np.testing.assert_array_equal(after.label, before.label)
    assert scores.log_loss(after, np.ones(60)) == pytest.approx(fit.log_loss[1])
    assert fit.called_unknown == np.mean(fit.calibration.score(after.cosine) < fit.threshold) > 0


def test_a_clip_far_from_all_scenes_is_unknown():
    near, far = np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.2, 0.29])
    calibration = Calibration(2.0, np.log(np.exp(SCALE / 2 * near).sum()) - 1e-9)
    assert calibration.scene_of(SCENES, near) == "tram" and calibration.scene_of(SCENES, far) == UNKNOWN
    assert NOT_CALIBRATED.scene_of(SCENES, np.array([-1, -0.9, -1])) == "park"

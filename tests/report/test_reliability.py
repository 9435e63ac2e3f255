import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from asc_jax.evaluate import scores
from asc_jax.report.reliability import per_bin


def test_the_diagram_is_that_of_scikit_learn_and_its_mean_distance_the_calibration_error(made_up):
    predictions = made_up(clips=500, right=0.6)
    confidence, accuracy, counts = per_bin(predictions)
    right, probability = predictions.label == predictions.truth, predictions.probability.max(1)
    filled = counts > 0
    expected = calibration_curve(right, probability, n_bins=scores.BINS)
    np.testing.assert_allclose((accuracy[filled], confidence[filled]), expected)
    assert np.isnan(confidence[~filled]).all() and counts.sum() == 500 and filled.sum() > 2
    distance = np.abs(accuracy - confidence)[filled] @ counts[filled] / 500
    assert distance == pytest.approx(float(scores.calibration_error(predictions, np.ones(500))))

import dataclasses
import math

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from asc_jax.evaluate.predict import Predictions
from asc_jax.report.scenes import per_scene


def test_precision_recall_and_f1_are_those_of_scikit_learn(made_up):
    predictions = made_up(right=0.6)
    precision, recall, f1, clips = precision_recall_fscore_support(predictions.truth, predictions.label)
    expected = zip(predictions.scenes, clips, precision, recall, f1, strict=True)
    for found, (scene, *numbers) in zip(per_scene(predictions), expected, strict=True):
        assert found.scene == scene and dataclasses.astuple(found)[1:] == pytest.approx(numbers)


def test_what_has_no_clips_has_no_share(made_up):
    details = made_up(clips=2).details
    predictions = Predictions(("bus", "park", "tram"), np.eye(3)[[0, 1]], np.array([0, 0]), details)
    bus, park, tram = per_scene(predictions)
    assert (bus.precision, bus.recall) == (1, 0.5) and bus.f1 == pytest.approx(2 / 3)
    assert park.precision == 0 and math.isnan(park.recall)
    assert tram.clips == 0 and all(map(math.isnan, (tram.precision, tram.recall, tram.f1)))

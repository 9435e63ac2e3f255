import dataclasses

import jax
import numpy as np
import pandas
import pytest
from scipy.special import softmax

from asc_jax.devices import can_share
from asc_jax.evaluate.calibration import Calibration
from asc_jax.evaluate.predict import Predictions, predictor, read_csv, to_csv
from asc_jax.net.arcface import SCALE
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.step import create_state


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    details = {
        "id": [f"a,{number}.wav" for number in range(6)],
        "device": ["a", "s1"] * 3,
        "city": [""] * 6,
        "session": ['quoted "one"'] * 6,
    }
    cosine = rng.uniform(-1, 1, (6, 3)).astype(np.float32)
    return Predictions(("bus", "park", "shopping mall"), cosine, np.array([0, 1, 2, 0, 1, -1]), details)


def test_confidences_are_largest_softmaxes(table):
    cosine = table.cosine.astype(float)
    np.testing.assert_allclose(table.released_confidence, softmax(cosine, axis=1).max(1))
    np.testing.assert_allclose(table.confidence, softmax(SCALE * cosine, axis=1).max(1))
    warmer = dataclasses.replace(table, calibration=Calibration(temperature=2.0))
    np.testing.assert_allclose(warmer.subset(np.array([1, 3])).confidence, softmax(4 * cosine, axis=1).max(1)[[1, 3]])


def test_table_is_read_back_exactly_and_by_pandas(table, tmp_path):
    file = tmp_path / "predictions.csv"
    file.write_text(to_csv(table))
    back = read_csv(file)
    assert back.scenes == table.scenes and back.details == table.details
    np.testing.assert_array_equal(back.cosine, table.cosine)
    np.testing.assert_array_equal(back.truth, table.truth)
    frame = pandas.read_csv(file)
    assert frame["truth"].fillna("").tolist() == ["bus", "park", "shopping mall", "bus", "park", ""]
    assert frame["scene"].tolist() == [table.scenes[label] for label in table.label]


def test_devices_that_share_a_batch_tell_what_one_tells():
    net = SceneNet(3)
    audio = np.random.default_rng(0).normal(0, 3000, (2, 16_000)).astype(np.int16)
    variables = create_state(net, 16_000, jax.random.key(0)).variables
    assert can_share(2) and not can_share(1)
    together = predictor(net, 2)(variables, audio)
    alone = [predictor(net, 1)(variables, clip[None]) for clip in audio]
    for ours, *each in zip(together, *alone, strict=True):
        np.testing.assert_allclose(ours, np.concatenate(each), atol=1e-5)

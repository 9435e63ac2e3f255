import numpy as np
import pandas
import pytest
from scipy.special import softmax

from asc_jax.evaluate.predict import Predictions, read_csv, to_csv


@pytest.fixture
def told():
    rng = np.random.default_rng(0)
    details = {
        "id": [f"a,{number}.wav" for number in range(6)],
        "device": ["a", "s1"] * 3,
        "city": [""] * 6,
        "session": ['quoted "one"'] * 6,
    }
    cosine = rng.uniform(-1, 1, (6, 3)).astype(np.float32)
    return Predictions(("bus", "park", "shopping mall"), cosine, np.array([0, 1, 2, 0, 1, -1]), details)


def test_confidence_is_the_largest_softmax(told):
    np.testing.assert_allclose(told.confidence, softmax(told.cosine.astype(float), axis=1).max(1))


def test_table_is_read_back_exactly_and_by_pandas(told, tmp_path):
    file = tmp_path / "predictions.csv"
    file.write_text(to_csv(told))
    back = read_csv(file)
    assert back.scenes == told.scenes and back.details == told.details
    np.testing.assert_array_equal(back.cosine, told.cosine)
    np.testing.assert_array_equal(back.truth, told.truth)
    frame = pandas.read_csv(file)
    assert frame["truth"].fillna("").tolist() == ["bus", "park", "shopping mall", "bus", "park", ""]
    assert frame["scene"].tolist() == [told.scenes[label] for label in told.label]

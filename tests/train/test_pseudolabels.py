import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from asc_jax.evaluate.predict import Predictions
from asc_jax.train import pseudolabels


@given(st.lists(st.floats(0.1, 1), min_size=1, max_size=20))
def test_weights_span_0_to_1_in_the_order_of_confidence(confidence):
    confidence = np.array(confidence)
    weights = pseudolabels.weights(confidence)
    if np.ptp(confidence) == 0:
        np.testing.assert_array_equal(weights, 1)
    else:
        assert weights.min() == 0 and weights.max() == 1
        order = np.argsort(confidence)
        assert (np.diff(weights[order]) >= 0).all()


def test_table_names_the_weight_and_label_of_each_clip(tmp_path):
    cosine = np.array([[0.9, 0, 0], [0, 0.1, 0], [0, 0, 0.5]], np.float32)
    details = {"id": ["x", "y", "z"], "device": [""] * 3, "city": [""] * 3, "session": [""] * 3}
    predictions = Predictions(("bus", "park", "tram"), cosine, np.array([0, -1, 1]), details)
    file = tmp_path / "pseudo_labels.csv"
    file.write_text(pseudolabels.to_csv(predictions))
    labels = pseudolabels.read_csv(file)
    assert [labels[name][0] for name in "xyz"] == [0, 1, 2]
    assert labels["x"][1] == 1 and labels["y"][1] == 0 and 0 < labels["z"][1] < 1

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from asc_jax.evaluate import scores
from asc_jax.evaluate.predict import Predictions

SCENES = ("bus", "park", "tram")


def predictions(truth, label):
    cosine = np.where(np.array(label)[:, None] == np.arange(3), 0.5, -0.2).astype(np.float32)
    return Predictions(SCENES, cosine, np.array(truth), {})


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40))
def test_scores_against_counting(pairs):
    truth, label = zip(*pairs, strict=True)
    told = predictions(truth, label)
    np.testing.assert_allclose(scores.accuracy(told), accuracy_score(truth, label))
    per_scene = scores.accuracy_per_scene(told)
    for number, scene in enumerate(SCENES):
        hits = [p == number for t, p in pairs if t == number]
        assert (scene in per_scene) == bool(hits)
        if hits:
            np.testing.assert_allclose(per_scene[scene], np.mean(hits))
    if len(set(truth)) > 1 and set(label) <= set(truth):  # elsewhere scikit-learn warns
        np.testing.assert_allclose(scores.macro_accuracy(told), balanced_accuracy_score(truth, label))


def test_accuracy_per_group():
    told = predictions([0, 1, 2, 2], [0, 1, 0, 2])
    assert scores.accuracy_per_group(told, ["s4", "a", "s4", "a"]) == {"a": 1.0, "s4": 0.5}

import numpy as np
import pytest

from asc_jax.deploy import classifier
from asc_jax.deploy.classifier import Classifier
from asc_jax.errors import UserError


@pytest.fixture(params=[1, 32])
def model(request, monkeypatch):
    """Hears loudness: the cosine to "loud" is the window's first sample over 10,000; windows of 4 samples."""

    def predictor(net, count):
        def predict(variables, audio):
            assert len(audio) == count
            loud = np.asarray(audio)[:, 0] / 10_000
            return np.stack([1 - loud, loud], 1), None

        return predict

    monkeypatch.setattr(classifier, "predictor", predictor)
    return Classifier(None, ("quiet", "loud"), 4, request.param, None)


def recording(*levels):
    """A window of each level."""
    return [np.repeat(np.array(levels) * 10_000 / 32768, 4)]


def test_batches_go_across_recordings_whose_order_stays(model):
    levels = {f"{n}": np.random.default_rng(n).random(n) for n in (1, 40, 3, 64, 5)}
    told = list(model.hear(((name, recording(*each)) for name, each in levels.items()), 4))
    assert [heard.name for heard in told] == list(levels)
    for heard in told:
        np.testing.assert_allclose(np.array(heard.cosines)[:, 1], levels[heard.name], atol=1e-4)
        assert heard.start == [4 * n / 16_000 for n in range(len(levels[heard.name]))]
        assert heard.scene == ("loud" if levels[heard.name].mean() > 0.5 else "quiet")
        assert 0.5 <= heard.confidence <= 1


def test_a_bad_recording_leaves_the_others_alone(model):
    def breaks():
        yield from recording(1)
        raise UserError("truncated: it ends")

    told = list(model.hear([("a", recording(1)), ("b", breaks()), ("c", recording(0))], 4))
    assert [heard.error for heard in told] == [None, "truncated: it ends", None]
    assert (told[0].scene, told[2].scene) == ("loud", "quiet")


def test_a_waveform_of_any_rate_is_heard(model):
    assert model(np.full(8, 0.3), 16_000).scene == "loud"
    assert model(np.full((48, 2), 0.3), 48_000).scene == "loud"

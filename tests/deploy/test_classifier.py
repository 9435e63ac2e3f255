import numpy as np
import pytest

from asc_jax.deploy import classifier
from asc_jax.deploy.classifier import Classifier
from asc_jax.errors import UserError


@pytest.fixture(params=[1, 32])
def model(request, monkeypatch):
    """Measures loudness: the cosine to "loud" is the window's first sample over 10,000; windows of 4 samples."""

    def predictor(net, count):
        def predict(variables, audio):
            assert len(audio) == count
            loud = np.asarray(audio)[:, 0] / 10_000
            return np.stack([1 - loud, loud], 1), None

        return predict

    monkeypatch.setattr(classifier, "predictor", predictor)
    return Classifier(None, ("quiet", "loud"), 4, request.param, None)


def recording(*levels):
    """A window of each level: that first, then its negative, and again."""
    return [(np.array(levels)[:, None] * [1, -1, 1, -1]).reshape(-1) * 10_000 / 32768]


def test_batches_go_across_recordings_whose_order_stays(model):
    levels = {f"{n}": np.random.default_rng(n).random(n) for n in (1, 40, 3, 64, 5)}
    predictions = list(model.predict(((name, recording(*each)) for name, each in levels.items()), 4))
    assert [prediction.name for prediction in predictions] == list(levels)
    for prediction in predictions:
        np.testing.assert_allclose(np.array(prediction.cosines)[:, 1], levels[prediction.name], atol=1e-4)
        assert prediction.start == [4 * n / 16_000 for n in range(len(levels[prediction.name]))]
        assert prediction.scene == ("loud" if levels[prediction.name].mean() > 0.5 else "quiet")
        assert 0.5 <= prediction.confidence <= 1


def test_a_bad_recording_leaves_the_others_alone(model):
    def breaks():
        yield from recording(1)
        raise UserError("truncated: it ends")

    predictions = list(model.predict([("a", recording(1)), ("b", breaks()), ("c", recording(0.1))], 4))
    assert [prediction.error for prediction in predictions] == [None, "truncated: it ends", None]
    assert (predictions[0].scene, predictions[2].scene) == ("loud", "quiet")


def test_a_waveform_of_any_rate_is_heard(model):
    falling = np.linspace(0.3, 0.2, 48)
    assert model(falling[::6], 16_000).scene == "loud"
    assert model(np.stack([falling, falling], 1), 48_000).scene == "loud"


@pytest.mark.parametrize("model", [1], indirect=True)
def test_integers_are_scaled_by_their_type(model):
    falling = np.linspace(0.3, 0.2, 8)
    expected = model(falling, 16_000).cosine
    for dtype, scale in ((np.int16, 2**15), (np.dtype(">i2"), 2**15), (np.int32, 2**31), (np.float64, 1)):
        np.testing.assert_allclose(model((falling * scale).astype(dtype), 16_000).cosine, expected, atol=1e-4)
    np.testing.assert_allclose(model((128 + 128 * falling).astype(np.uint8), 16_000).cosine, expected, atol=2e-2)


@pytest.mark.parametrize("model", [1], indirect=True)
def test_windows_without_signal_do_not_vote(model):
    (prediction,) = model.predict([("", recording(0, 0.2, 0, 0.4, 1e-5))], 4)
    assert [cosine is None for cosine in prediction.cosines] == [True, False, True, False, True]
    assert len(prediction.start) == 5 and prediction.cosine[1] == pytest.approx(0.3, abs=1e-3)
    (prediction,) = model.predict([("", recording(0, 0))], 4)
    assert prediction.error and prediction.error.startswith("silent")


@pytest.mark.parametrize("model", [1], indirect=True)
@pytest.mark.parametrize(
    ("waveform", "rate", "reason"),
    [
        (np.zeros(0), 16_000, "empty"),
        (np.ones(1), 44_100, "empty"),
        (np.zeros(800), 16_000, "silent"),
        (np.full(800, np.nan), 16_000, "not finite"),
        (np.array([0.1, np.inf] * 400), 16_000, "not finite"),
        (16_000 * np.sin(np.arange(800.0)), 16_000, "out of range"),
        (np.ones((1, 800)), 16_000, "wrong shape"),
        (np.ones((2, 800)), 16_000, "wrong shape"),
        (np.ones((1, 1, 800)), 16_000, "wrong shape"),
        (np.ones((800, 0)), 16_000, "wrong shape"),
        (np.float32(0.1), 16_000, "wrong shape"),
        (np.ones(800, bool), 16_000, "wrong type"),
        (np.ones(800, np.int64), 16_000, "wrong type"),
        (np.ones(800, complex), 16_000, "wrong type"),
        (np.array(["a"] * 8), 16_000, "wrong type"),
        (np.ones(800), 0, "no rate"),
        (np.ones(800), float("nan"), "no rate"),
        (np.ones(800), -16_000, "no rate"),
        (np.ones(800), 1, "no rate"),
        (np.ones(800), True, "no rate"),
        (np.ones(800), "16000", "no rate"),
        (np.ones(800), None, "no rate"),
        (16_000, np.ones(800), "no rate"),
        ([[1, 2], [3]], 16_000, "wrong shape"),
    ],
)
def test_what_is_no_recording_is_refused_with_the_reason(model, waveform, rate, reason):
    with pytest.raises(UserError, match=f"^{reason}: ") as error:
        model(waveform, rate)
    assert "\n" not in str(error.value)

import dataclasses

import numpy as np
import pytest
import soundfile

from asc_jax.deploy import classifier
from asc_jax.deploy.classifier import Classifier
from asc_jax.deploy.recordings import Recording
from asc_jax.errors import UserError
from asc_jax.evaluate.calibration import Calibration


@pytest.fixture(params=[1, 32])
def model(request, monkeypatch):
    """Measures loudness: the cosine to "loud" is the window's first sample over 10,000; windows of 4 samples."""

    def predictor(net, count):
        def predict(variables, audio):
            assert len(audio) == count
            loud = np.asarray(audio)[:, 0] / 10_000
            cosine = np.stack([1 - loud, loud], 1)
            return cosine, 3 * cosine  # as if these were the scenes' directions

        return predict

    monkeypatch.setattr(classifier, "predictor", predictor)
    return Classifier(None, ("quiet", "loud"), 4, request.param, None)


def waveform(*levels):
    """A window of each level: that first, then its negative, and again."""
    return (np.array(levels)[:, None] * [1, -1, 1, -1]).reshape(-1) * 10_000 / 32768


def recording(*levels, name=""):
    return Recording(name, waveform(*levels), 16_000)


def test_batches_go_across_recordings_whose_order_stays(model):
    levels = {f"{n}": np.random.default_rng(n).random(n) for n in (1, 40, 3, 64, 5)}
    predictions = list(model.predict_each((recording(*each, name=name) for name, each in levels.items()), 4))
    assert [prediction.name for prediction in predictions] == list(levels)
    for prediction in predictions:
        np.testing.assert_allclose(np.array(prediction.cosines)[:, 1], levels[prediction.name], atol=1e-4)
        assert prediction.start == [4 * n / 16_000 for n in range(len(levels[prediction.name]))]
        assert prediction.scene == ("loud" if levels[prediction.name].mean() > 0.5 else "quiet")
        assert 0.5 <= prediction.confidence <= 1


def test_a_bad_recording_leaves_the_others_alone(model):
    class Breaks(Recording):
        def blocks(self, note):
            note("odd")
            yield waveform(1)
            raise UserError("truncated: it ends")

    recordings = [recording(1), Breaks("b", None), recording(0.1)]
    predictions = list(model.predict_each(recordings, 4))
    assert [prediction.remarks for prediction in predictions] == [[], ["truncated: it ends", "odd"], []]
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
    (prediction,) = model.predict_each([recording(0, 0.2, 0, 0.4, 1e-5)], 4)
    assert [cosine is None for cosine in prediction.cosines] == [True, False, True, False, True]
    assert len(prediction.start) == 5 and prediction.cosine[1] == pytest.approx(0.3, abs=1e-3)
    (prediction,) = model.predict_each([recording(0, 0)], 4)
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


@pytest.fixture
def folder(tmp_path):
    """Two recordings, of two windows and of one, and what is none."""
    soundfile.write(tmp_path / "a.wav", waveform(1, 0.8), 16_000)
    soundfile.write(tmp_path / "b.wav", waveform(0.2), 16_000)
    (tmp_path / "notes.txt").touch()
    return tmp_path


def test_files_folders_and_arrays_make_the_same_table(model, folder):
    a, b = waveform(1, 0.8), waveform(0.2)
    with pytest.warns(UserWarning, match="passed over: 1 .txt"):
        expected = model.predict(folder)
    assert list(expected) == ["file", "scene", "confidence", "cosine quiet", "cosine loud"]
    assert expected["file"].tolist() == [f"{folder}/a.wav", f"{folder}/b.wav"]
    assert expected["scene"].tolist() == ["loud", "quiet"]
    np.testing.assert_allclose(expected["cosine loud"], [0.9, 0.2], atol=1e-3)
    for sources, rate in (
        ([folder / "a.wav", f"{folder}/b.wav"], None),
        (f"{folder}/*.wav", None),
        ([a, b], 16_000),
        ([np.round(32768 * each).astype(np.int16) for each in (a, b)], 16_000),
        ((folder / "a.wav", b), 16_000),
    ):
        found = model.predict(sources, rate)
        assert found["scene"].tolist() == ["loud", "quiet"]
        np.testing.assert_allclose(found.iloc[:, 2:], expected.iloc[:, 2:], atol=1e-3)
    one = model.predict(a, 16_000)
    assert one["file"].tolist() == ["0"] and one["confidence"][0] == model(a, 16_000).confidence


def test_what_is_far_from_all_scenes_is_unknown_with_its_nearest_scene(model):
    calibrated = dataclasses.replace(model, calibration=Calibration(0.5, 10.0))
    levels = [waveform(1), waveform(0.4)]
    found, plain = calibrated.predict(levels, 16_000), model.predict(levels, 16_000)
    assert list(found) == ["file", "scene", "nearest", "confidence", "cosine quiet", "cosine loud"]
    assert found["scene"].tolist() == ["loud", "unknown"] and found["nearest"].tolist() == plain["scene"].tolist()
    assert (found["confidence"] > plain["confidence"]).all()  # at half the temperature
    assert calibrated(levels[1], 16_000).scene == "unknown"


def test_an_embedding_gives_the_recording_s_cosines(model):
    """Of windows of length 1 the mean: its product with the scenes' directions is the mean cosine."""
    found = model.embed([waveform(1, 0.8), waveform(0.2)], 16_000)
    assert list(found) == ["file", "embedding 0", "embedding 1"] and found["embedding 0"].dtype == np.float32
    units = [np.array([1 - loud, loud]) / np.hypot(1 - loud, loud) for loud in (1, 0.8, 0.2)]
    np.testing.assert_allclose(found.iloc[:, 1:], [(units[0] + units[1]) / 2, units[2]], atol=1e-3)


def test_windows_have_rows_of_their_own(model):
    recording = waveform(1, 0, 0.2)
    for table in (model.predict(recording, 16_000, windows=True), model.embed(recording, 16_000, windows=True)):
        assert table["start"].tolist() == [0, 4 / 16_000, 8 / 16_000]
        assert table.isna().any(axis=1).tolist() == [False, True, False]  # without a signal
    assert len(model.predict(recording, 16_000, windows=True, hop=2 / 16_000)) == 5
    assert model.predict(recording, 16_000, windows=True)["scene"].dropna().tolist() == ["loud", "quiet"]


def test_bad_recordings_have_a_row_and_a_warning_unless_all_are_bad(model, folder):
    with pytest.warns(UserWarning, match="missing.wav: missing: there is no such file"):
        table = model.predict([folder / "missing.wav", folder / "a.wav"])
    assert table["scene"].isna().tolist() == [True, False] and table.isna()["cosine loud"].tolist() == [True, False]
    with pytest.warns(UserWarning, match="1: silent"):
        assert model.embed([waveform(1), np.zeros(8)], 16_000).isna()["embedding 1"].tolist() == [False, True]
    for sources, rate, reason in (
        (folder / "missing.wav", None, "missing.wav: missing: there is no such file"),
        ([np.zeros(8), np.zeros(8)], 16_000, r"0: silent: .* \(and 1 others\)"),
        (waveform(1), None, "0: no rate: None: give the samples of a second"),
        ([], None, "no recordings: give files, folders, patterns or arrays"),
    ):
        with pytest.raises(UserError, match=reason):
            model.predict(sources, rate)
    with pytest.raises(UserError, match="hop 0: must be the seconds"):
        model.predict(waveform(1), 16_000, hop=0)

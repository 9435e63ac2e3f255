import jax
import jax.numpy as jnp
import librosa
import numpy as np
import pytest

from asc_jax.net.frontend import BANDS, Wavegram, log_mel, mel_filters, normalise, residual_normalise
from asc_jax.net.kernels import PORTABLE
from asc_jax.net.layers import Mode


@pytest.fixture
def waveform():
    return np.random.default_rng(0).normal(0, 0.1, (2, 20_123)).astype(np.float32)


def test_mel_filters_are_triangles_of_one_area_between_points_equally_spaced_in_mel():
    points = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8_000 / 700), 130) / 2595) - 1)  # Hz
    bins = np.arange(513) * 16_000 / 1024  # Hz
    for band in range(128):
        low, peak, high = points[band : band + 3]
        expected = np.interp(bins, [low, peak, high], [0, 2 / (high - low), 0])  # an area of 1
        np.testing.assert_allclose(mel_filters()[:, band], expected, atol=1e-8)


@pytest.mark.parametrize("magnitude", [False, True])
def test_log_mel_is_librosas(waveform, magnitude):
    ours = log_mel(jnp.asarray(waveform), magnitude)
    mel = librosa.feature.melspectrogram(
        y=waveform, sr=16_000, n_fft=1024, hop_length=512, n_mels=128, htk=True, pad_mode="reflect", power=2 - magnitude
    )
    expected = (20 if magnitude else 10) * np.log10(mel + 1e-8)
    assert ours.shape == (2, 20_123 // 512 + 1, 128)
    np.testing.assert_allclose(ours, expected.swapaxes(1, 2), atol=2e-3)  # decibels, float32 spectra on both sides


@pytest.mark.parametrize(("bands", "hop"), [(64, 512), (96, 128), (128, 256)])
def test_other_bands_and_hops_are_librosas_too(waveform, bands, hop):
    ours = log_mel(jnp.asarray(waveform), bands=bands, hop=hop)
    mel = librosa.feature.melspectrogram(
        y=waveform, sr=16_000, n_fft=1024, hop_length=hop, n_mels=bands, htk=True, pad_mode="reflect"
    )
    assert ours.shape == (2, 20_123 // hop + 1, bands)
    np.testing.assert_allclose(ours, 10 * np.log10(mel + 1e-8).swapaxes(1, 2), atol=2e-3)


@pytest.mark.parametrize("magnitude", [False, True])
def test_log_mel_by_products_is_that_by_fft(waveform, magnitude):
    assert "fft" not in str(jax.make_jaxpr(lambda x: log_mel(x, magnitude, PORTABLE))(waveform))
    products = log_mel(jnp.asarray(waveform), magnitude, PORTABLE)
    np.testing.assert_allclose(products, log_mel(jnp.asarray(waveform), magnitude), atol=2e-3)


@pytest.mark.parametrize(("filters", "hop"), [(1, 512), (128, 512), (1, 256), (3, 128)])
def test_wavegram_frames_are_those_of_a_strided_convolution(waveform, filters, hop):
    module = Wavegram(filters, Mode(), hop=hop)
    variables = module.init(jax.random.key(0), waveform)
    kernel, bias = variables["params"]["filter"]["kernel"], variables["params"]["filter"]["bias"]
    conv = jax.lax.conv_general_dilated(
        waveform[..., None], kernel[:, None], (hop,), ((512, 512),), dimension_numbers=("NWC", "WIO", "NWC")
    )
    expected = np.maximum((conv + bias[None, None]) / np.sqrt(1 + 1e-5), 0)
    if filters != BANDS:
        spread = variables["params"]["spread"]
        expected = np.maximum((expected @ spread["kernel"] + spread["bias"][None, None]) / np.sqrt(1 + 1e-5), 0)
    np.testing.assert_allclose(module.apply(variables, waveform), expected, atol=1e-5)
    assert expected.shape[2] == BANDS


def test_normalise_gives_each_clip_mean_0_and_deviation_1():
    x = np.random.default_rng(0).normal(-40, 7, (3, 16, 9)) * np.array([1, 0.01, 1])[:, None, None]
    y = np.asarray(normalise(jnp.asarray(x, jnp.float32)), np.float64)
    np.testing.assert_allclose(y.mean((1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(y.std((1, 2)), 1, atol=1e-4)


def test_normalise_makes_a_constant_clip_zero():
    np.testing.assert_array_equal(normalise(jnp.full((1, 8, 4), -80.0)), 0)


def test_residual_normalisation_hears_a_microphone_in_the_residual_alone():
    random = np.random.default_rng(0)
    mel, response = random.normal(-40, 7, (2, 30, BANDS)), random.normal(0, 10, BANDS)
    for recorded in (mel, mel + response):
        normalised = (recorded - recorded.mean((1, 2), keepdims=True)) / recorded.std((1, 2), keepdims=True)
        by_band = (mel - mel.mean(1, keepdims=True)) / mel.std(1, keepdims=True)
        np.testing.assert_allclose(
            residual_normalise(jnp.asarray(recorded, jnp.float32), 0.3), by_band + 0.3 * normalised, atol=1e-4
        )


def test_residual_normalisation_makes_silence_zero():
    np.testing.assert_array_equal(residual_normalise(jnp.full((1, 8, 4), -80.0), 0.3), 0)

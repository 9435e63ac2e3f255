import numpy as np
import pytest

from data_prep.synthesis.devices import DEVICES, capture, impulse_response, response_db, saturate, transfer_function
from data_prep.synthesis.signals import SAMPLE_RATE, generator

FREQUENCY = np.geomspace(60, 7600, 200)


@pytest.mark.parametrize("name", DEVICES)
def test_impulse_passes_with_the_designed_response(name):
    spectrum = np.fft.rfft(impulse_response(name), SAMPLE_RATE)
    measured = 20 * np.log10(np.abs(np.interp(FREQUENCY, np.arange(len(spectrum)), np.abs(spectrum))))
    np.testing.assert_allclose(measured, response_db(name, FREQUENCY), atol=0.5)


@pytest.mark.parametrize("name", DEVICES)
def test_response_is_of_minimum_phase(name):
    # No zero outside the unit circle: the phase does not wind from 0 to the Nyquist frequency.
    phase = np.unwrap(np.angle(np.fft.rfft(impulse_response(name), 16 * SAMPLE_RATE)))
    assert abs(phase[-1] - phase[0]) < 0.1


def test_transfer_function_is_that_of_the_impulse_response():
    expected = np.fft.rfft(impulse_response("s2"), 20_000)
    np.testing.assert_allclose(transfer_function("s2", 20_000), expected, atol=1e-4)


def test_devices_differ_and_the_reference_is_flat():
    assert np.ptp(response_db("a", FREQUENCY)) < 5
    responses = np.array([response_db(name, FREQUENCY) for name in DEVICES])
    responses -= responses.mean(axis=1, keepdims=True)
    distance = np.sqrt(np.mean((responses[:, None] - responses) ** 2, axis=2))
    assert distance[np.triu_indices(len(DEVICES), 1)].min() > 0.7


def test_saturation_is_linear_for_soft_sounds_and_bounded_for_loud_ones():
    x = np.linspace(-10, 10, 1001)
    y = saturate(x, 2.0)
    assert np.abs(y).max() <= 0.5
    assert saturate(np.array([1e-3]), 2.0) == pytest.approx(1e-3, rel=1e-4)
    np.testing.assert_array_equal(saturate(x, 0.0), x)


def rms_dbfs(samples):
    return 10 * np.log10(np.mean(np.square(samples / 32767)))


@pytest.mark.parametrize("level", [-40.0, -20.0])
def test_linear_device_stores_the_level_asked_for(level):
    sound = 3 * generator(1).normal(size=SAMPLE_RATE)
    assert rms_dbfs(capture(generator(2), "a", sound, level)) == pytest.approx(level + DEVICES["a"].gain_db, abs=0.1)


@pytest.mark.parametrize("name", DEVICES)
def test_silence_is_stored_as_the_noise_floor(name):
    samples = capture(generator(3), name, np.zeros(SAMPLE_RATE), -20.0)
    assert rms_dbfs(samples) == pytest.approx(DEVICES[name].noise_dbfs, abs=0.3)


def test_loud_sounds_are_clipped_not_wrapped():
    sound = np.sin(np.arange(SAMPLE_RATE) * 0.1)
    samples = capture(generator(4), "a", sound, 6.0)
    assert samples.max() == 32767 and samples.min() == -32767
    assert np.mean(np.sign(samples) == np.sign(sound)) > 0.999

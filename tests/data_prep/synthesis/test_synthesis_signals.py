import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.synthesis import signals
from data_prep.synthesis.signals import SAMPLE_RATE, TABLE_SIZE, generator


def level_db(x, low, high):
    power = np.abs(np.fft.rfft(x)) ** 2
    frequency = np.fft.rfftfreq(len(x), 1 / SAMPLE_RATE)
    return 10 * np.log10(np.mean(power[(frequency >= low) & (frequency < high)]))


def test_generator_depends_on_its_key_alone():
    assert generator(1, "tram").integers(2**60) == generator(1, "tram").integers(2**60)
    draws = {generator(*key).integers(2**60) for key in [(1, "tram"), (2, "tram"), (1, "bus"), ("tram", 1)]}
    assert len(draws) == 4


@pytest.mark.parametrize("slope", [-6.0, -3.0, 3.0])
def test_noise_has_the_slope_asked_for(slope):
    x = signals.noise(generator(1), 160_000, signals.tilt(slope))
    measured = (level_db(x, 4000, 4400) - level_db(x, 250, 275)) / 4
    assert measured == pytest.approx(slope, abs=0.25)
    assert np.sqrt(np.mean(x**2)) == pytest.approx(1, rel=1e-4)


def test_noise_is_gaussian():
    x = signals.noise(generator(1), 160_000, signals.band(100.0, 3000.0))
    assert np.mean(x**4) == pytest.approx(3, abs=0.1)
    assert np.mean(x**3) == pytest.approx(0, abs=0.05)


def test_band_is_down_12_db_an_octave_outside():
    gain_db = 20 * np.log10(signals.band(1000.0, 100_000.0)(np.array([31.25, 62.5, 8000.0])))
    assert gain_db[1] - gain_db[0] == pytest.approx(12, abs=0.1)
    assert gain_db[2] == pytest.approx(0, abs=0.3)


def test_resonances_peak_at_their_centres():
    frequency = np.arange(50.0, 8000.0)
    gain = signals.resonances([500.0, 3000.0], 8.0)(frequency)
    peaks = frequency[1:-1][(gain[1:-1] > gain[:-2]) & (gain[1:-1] > gain[2:])]
    np.testing.assert_allclose(peaks, [500, 3000], rtol=0.02)


@given(rate=st.floats(0.3, 60), n=st.integers(16_000, 40_000), low=st.floats(-2, 1))
@settings(max_examples=30, deadline=None)
def test_curve_stays_within_its_bounds_and_is_continuous(rate, n, low):
    x = signals.curve(generator(2), n, rate, low, 2.0)
    assert x.shape == (n,)
    assert low - 1e-5 <= x.min() and x.max() <= 2 + 1e-5
    assert np.abs(np.diff(x)).max() <= (2 - low) / round(SAMPLE_RATE / rate) + 1e-5


def test_wavetable_is_a_sum_of_cosines():
    t = 2 * np.pi * np.arange(TABLE_SIZE) / TABLE_SIZE
    expected = 0.5 * np.cos(t) + 0.25 * np.cos(3 * t)
    np.testing.assert_allclose(signals.wavetable(np.array([0.5, 0.0, 0.25])), expected, atol=1e-6)


@given(frequency=st.integers(20, 7000))
@settings(max_examples=30, deadline=None)
def test_oscillator_sounds_at_its_frequency(frequency):
    x = signals.oscillator(generator(3), signals.wavetable(np.ones(1)), np.full(SAMPLE_RATE, float(frequency)))
    power = np.abs(np.fft.rfft(x)) ** 2
    assert power[frequency] > 0.999 * power.sum()


def test_decay_is_60_db_in_its_time():
    x = signals.decay(0.5, SAMPLE_RATE)
    assert 20 * np.log10(x[SAMPLE_RATE // 2]) == pytest.approx(-60, abs=0.01)


def test_struck_body_rings_at_its_partials():
    power = np.abs(np.fft.rfft(signals.struck([400.0, 1000.0], 1.0))) ** 2
    assert np.argmax(power) == 400
    assert np.argmax(power[800:]) + 800 == 1000


def test_periodic_times_keep_their_rate():
    times = signals.periodic_times(generator(4), 10 * SAMPLE_RATE, 4.0, 0.0)
    assert np.abs(np.diff(times) - 4000).max() <= 1
    assert len(times) in (39, 40)


def test_event_times_come_at_their_rate_and_at_least_once():
    counts = [len(signals.event_times(generator(5, i), 5 * SAMPLE_RATE, 2.0)) for i in range(300)]
    assert np.mean(counts) == pytest.approx(11, abs=0.7)
    assert len(signals.event_times(generator(6), SAMPLE_RATE, 0.0)) == 1


def test_overlay_adds_and_cuts():
    out = signals.overlay(6, np.array([0, 1, 4]), [np.array([1.0, 1.0]), np.array([2.0]), np.ones(9)])
    np.testing.assert_array_equal(out, [1, 3, 0, 0, 1, 1])

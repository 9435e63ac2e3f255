"""Building blocks of the sources: random generators, noise, slow curves, oscillators and events.

Signals are of 32 bits for speed; phases are summed in 64.
"""

import zlib
from collections.abc import Callable, Iterable
from functools import reduce

import numpy as np
from scipy import fft

SAMPLE_RATE = 16_000
TABLE_SIZE = 4096  # a power of two, so that the phase wraps by a bit mask
UNIT_CIRCLE = np.exp(2j * np.pi * np.arange(TABLE_SIZE) / TABLE_SIZE).astype(np.complex64)

Gain = Callable[[np.ndarray], np.ndarray]


def generator(*key: int | str) -> np.random.Generator:
    """Random generator that depends on nothing but the integers and strings of its key."""
    return np.random.default_rng([zlib.crc32(k.encode()) if isinstance(k, str) else k for k in key])


def total(arrays: Iterable[np.ndarray]) -> np.ndarray:
    """Sum of one array or more; that of `sum` may be the number 0."""
    return reduce(np.add, arrays)


def rfft(signal: np.ndarray, n: int | None = None) -> np.ndarray:
    """scipy's, which stays in 32 bits, and whose own annotations name no arrays."""
    return np.asarray(fft.rfft(signal, n))


def irfft(spectrum: np.ndarray, n: int) -> np.ndarray:
    """The inverse of `rfft`."""
    return np.asarray(fft.irfft(spectrum, n))


def amplitude(db: float) -> float:
    """Amplitude ratio of a level in dB."""
    return 10 ** (db / 20)


def unit_rms(x: np.ndarray) -> np.ndarray:
    """The signal scaled to an rms of one; silence stays silence."""
    return x / max(float(np.sqrt(np.mean(np.square(x)))), 1e-9)


def band(low: float, high: float) -> Gain:
    """Amplitude response over Hz of a band-pass with 12 dB per octave on either side."""
    return lambda f: 1 / ((1 + (low / f) ** 2) * (1 + (f / high) ** 2))


def tilt(db_per_octave: float) -> Gain:
    """Amplitude response over Hz of a constant slope, 0 dB at 1 kHz and flat below 50 Hz."""
    return lambda f: (np.maximum(f, 50) / 1000) ** (db_per_octave / 6.0206)


def resonances(centres: Iterable[float], quality: float) -> Gain:
    """Amplitude response over Hz of equally loud second-order resonances at `centres` Hz."""
    return lambda f: total(1 / np.sqrt(1 + (quality * (f / c - c / f)) ** 2) for c in centres)


def noise(rng: np.random.Generator, n: int, gain: Gain) -> np.ndarray:
    """Noise [n] of unit rms with the amplitude spectrum `gain(Hz)` and random phases.

    A sum of so many independent phases is Gaussian; drawing them is several times as fast as drawing Gaussians.
    """
    bins = n // 2 + 1
    frequency = np.arange(bins, dtype=np.float32) * np.float32(SAMPLE_RATE / n)
    frequency[0] = frequency[1]
    spectrum = UNIT_CIRCLE[rng.integers(TABLE_SIZE, size=bins, dtype=np.uint16)] * gain(frequency)
    spectrum[0] = 0
    return unit_rms(irfft(spectrum, n))


def curve(rng: np.random.Generator, n: int, rate: float, low: float, high: float) -> np.ndarray:
    """Random curve [n] between `low` and `high`, linear between knots that come `rate` times a second."""
    period = round(SAMPLE_RATE / rate)
    knots = rng.uniform(low, high, n // period + 2).astype(np.float32)
    ramp = np.arange(period, dtype=np.float32) / period
    return (knots[:-1, None] + np.diff(knots)[:, None] * ramp).ravel()[:n]


def wavetable(amplitudes: np.ndarray) -> np.ndarray:
    """One period [..., TABLE_SIZE] of a sum of cosines with amplitudes [..., harmonics]."""
    spectrum = np.zeros((*amplitudes.shape[:-1], TABLE_SIZE // 2 + 1))
    spectrum[..., 1 : amplitudes.shape[-1] + 1] = amplitudes * (TABLE_SIZE / 2)
    return irfft(spectrum, TABLE_SIZE).astype(np.float32)


def phase_index(frequency: np.ndarray, start: float) -> np.ndarray:
    """Position [n] in a wavetable of an oscillator with frequency [n] in Hz, from phase `start` in cycles."""
    steps = np.cumsum(frequency, dtype=np.float64) * (TABLE_SIZE / SAMPLE_RATE) + start * TABLE_SIZE
    return steps.astype(np.int64) & (TABLE_SIZE - 1)


def oscillator(rng: np.random.Generator, table: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Waveform [n] that repeats the table at a frequency [n] in Hz, from a random phase."""
    return table[phase_index(frequency, rng.uniform())]


def decay(seconds: float, length: int) -> np.ndarray:
    """Exponential envelope [length] that falls by 60 dB in `seconds`."""
    return np.exp(np.float32(-3 * np.log(10) / (seconds * SAMPLE_RATE)) * np.arange(length, dtype=np.float32))


def struck(partials: Iterable[float], seconds: float) -> np.ndarray:
    """Sound of a struck body: partials in Hz, each softer than the one below, ringing for `seconds`."""
    length = int(seconds * SAMPLE_RATE)
    t = np.arange(length, dtype=np.float32) / SAMPLE_RATE
    tones = total(np.sin(np.float32(2 * np.pi * f) * t) / (i + 1) for i, f in enumerate(partials))
    return tones * decay(seconds, length)


def event_times(rng: np.random.Generator, n: int, rate: float) -> np.ndarray:
    """Starts, in samples, of at least one event in n samples; `rate` is the mean number of further ones per second."""
    return rng.integers(0, n, 1 + rng.poisson(rate * n / SAMPLE_RATE))


def periodic_times(rng: np.random.Generator, n: int, rate: float, jitter: float) -> np.ndarray:
    """Starts, in samples, of events `rate` times a second, each displaced by up to `jitter` periods."""
    count = int(n / SAMPLE_RATE * rate) + 1
    times = (np.arange(count) + rng.uniform() + rng.uniform(-jitter, jitter, count)) / rate
    times = (times * SAMPLE_RATE).astype(np.int64)
    return times[(times >= 0) & (times < n)]


def overlay(n: int, times: np.ndarray, sounds: Iterable[np.ndarray]) -> np.ndarray:
    """Sum [n] of sounds that start at `times`; what lies beyond the end is cut."""
    out = np.zeros(n, dtype=np.float32)
    for start, sound in zip(times, sounds, strict=True):
        part = sound[: n - start]
        out[start : start + len(part)] += part
    return out

"""Sources made by people: speech, footsteps, luggage. Each: (rng, place, samples) -> float [samples]."""

import numpy as np

from data_prep.synthesis.places import Place
from data_prep.synthesis.signals import (
    SAMPLE_RATE,
    TABLE_SIZE,
    band,
    curve,
    decay,
    irfft,
    noise,
    oscillator,
    overlay,
    periodic_times,
    phase_index,
    resonances,
    rfft,
    total,
    wavetable,
)

# First three formants of the vowels i, e, a, o, u in Hz (Peterson and Barney 1952, men).
FORMANTS = np.array([[270, 2290, 3010], [530, 1840, 2480], [730, 1090, 2440], [570, 840, 2410], [300, 870, 2240]])
SYLLABLES_PER_SECOND = 4.0


def vowel_tables(pitch: float, tract: float) -> np.ndarray:
    """Wavetables [vowels, TABLE_SIZE] of voiced speech at `pitch` Hz with all formants scaled by `tract`."""
    harmonics = pitch * np.arange(1, int(0.45 * SAMPLE_RATE / pitch))
    formants = [resonances(f * tract, 6.0)(harmonics) for f in FORMANTS]
    return wavetable(np.array(formants) * (pitch / harmonics) ** 0.7)


def syllables(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Lengths in samples of the syllables that cover n samples, and their envelope [n]; one in five is a pause."""
    mean = SAMPLE_RATE / SYLLABLES_PER_SECOND
    lengths = (mean * rng.uniform(0.5, 1.5, int(2 * n / mean) + 2)).astype(np.int64)
    loudness = rng.uniform(0.3, 1.0, len(lengths)) * (rng.uniform(size=len(lengths)) > 0.2)
    ends = np.cumsum(lengths)
    knots = np.stack([ends - lengths, ends - lengths // 2], axis=1).ravel()
    heights = np.stack([np.zeros(len(lengths)), loudness], axis=1).ravel()
    return lengths, np.interp(np.arange(n), knots, heights).astype(np.float32)


def talker(rng: np.random.Generator, n: int, pitch: float) -> np.ndarray:
    """One voice [n] at about `pitch` Hz that changes its vowel with each syllable."""
    tables = vowel_tables(pitch, (pitch / 130) ** 0.25)
    lengths, envelope = syllables(rng, n)
    offset = TABLE_SIZE * rng.integers(len(tables), size=len(lengths))
    index = phase_index(pitch * curve(rng, n, 3.0, 0.85, 1.2), rng.uniform())
    return tables.ravel()[index + np.repeat(offset, lengths)[:n]] * envelope


def random_pitch(rng: np.random.Generator, place: Place) -> float:
    """Pitch in Hz of one talker of the place, a man or a woman."""
    return place.talker_hz * rng.choice([0.75, 1.3]) * rng.uniform(0.85, 1.15)


def babble(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """A few talkers at various distances before a crowd of indistinct speech."""
    count = min(1 + rng.poisson(place.talkers), 3)
    voices = total(talker(rng, n, random_pitch(rng, place)) * rng.uniform(0.2, 1.0) for _ in range(count))
    centres = place.talker_hz * np.array([3.5, 9.0, 17.0])
    crowd = noise(rng, n, resonances(centres, 2.0)) * curve(rng, n, SYLLABLES_PER_SECOND, 0.3, 1.0)
    return voices + crowd * rng.uniform(0.1, 0.4) * place.talkers


def children(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Two playing children, with a higher voice and a wider intonation than the talkers'."""
    voices = [talker(rng, n, place.talker_hz * rng.uniform(1.9, 2.8)) for _ in range(2)]
    return total(voice * curve(rng, n, 2.0, 0.0, 1.0) for voice in voices)


def announcement(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """A loudspeaker voice: one talker in the band of a public-address horn."""
    voice = talker(rng, n, random_pitch(rng, place))
    spectrum = rfft(voice)
    frequency = np.maximum(np.arange(len(spectrum), dtype=np.float32) * (SAMPLE_RATE / n), 1.0)
    return irfft(spectrum * band(500.0, 3500.0)(frequency) ** 2, n)


def footsteps(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """One to three walkers, each with an own pace and heel sound."""
    return total(walker(rng, place, n) for _ in range(rng.integers(1, 4)))


def walker(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Steps of one walker: bursts of noise around the resonance of the ground."""
    length = int(0.12 * SAMPLE_RATE)
    centre = place.ground_hz * rng.uniform(0.6, 1.6)
    heel = noise(rng, length, resonances([centre, 2.7 * centre], 1.5)) * decay(rng.uniform(0.05, 0.12), length)
    times = periodic_times(rng, n, place.steps_per_second * rng.uniform(0.85, 1.15), 0.05)
    return overlay(n, times, [heel * g for g in rng.uniform(0.5, 1.0, len(times)).tolist()])


def luggage(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """A rolling suitcase: the roar of hard wheels, beating with the joints of the floor."""
    roll = noise(rng, n, resonances([place.ground_hz * 0.8, place.ground_hz * 2.2], 1.0))
    joints = wavetable(0.8 ** np.arange(12.0))
    rate = place.steps_per_second * rng.uniform(3.0, 7.0) * curve(rng, n, 1.0, 0.8, 1.2)
    beat = np.abs(oscillator(rng, joints, rate))
    return roll * (0.3 + beat) * curve(rng, n, 0.7, 0.2, 1.0)

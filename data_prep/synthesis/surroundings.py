"""Sources of nature, buildings and signals. Each: (rng, place, samples) -> float [samples]."""

import numpy as np

from data_prep.synthesis.places import Place
from data_prep.synthesis.signals import (
    SAMPLE_RATE,
    band,
    curve,
    decay,
    event_times,
    noise,
    oscillator,
    overlay,
    periodic_times,
    resonances,
    struck,
    tilt,
    wavetable,
)

BELL_PARTIALS = np.array([0.5, 1.0, 1.2, 1.5, 2.0, 2.66])  # hum, prime, tierce, quint, nominal, undeciem
MAJOR_SCALE = np.array([0, 2, 4, 5, 7, 9, 11, 12])


def background(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """The far, unresolved sound of the city: noise with the slope of the place."""
    return noise(rng, n, tilt(place.slope_db)) * curve(rng, n, 1.0, 0.8, 1.0)


def wind(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Gusts on the microphone: low noise with a deep, slow modulation."""
    return noise(rng, n, band(30.0, place.rumble_hz * 2)) * curve(rng, n, 1.5, 0.1, 1.0) ** 2


def leaves(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Rustling leaves: high noise in gusts with a fine flutter."""
    rustle = noise(rng, n, band(place.tyre_hz * 2, 6000.0))
    return rustle * curve(rng, n, 0.8, 0.2, 1.0) * curve(rng, n, 25.0, 0.4, 1.0)


def fountain(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Falling water: a steady broad noise with the quick modulation of bubbles."""
    water = noise(rng, n, band(place.tyre_hz * rng.uniform(0.4, 0.9), 4500.0))
    return water * curve(rng, n, 60.0, 0.3, 1.0)


def birds(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Birdsong: phrases of short, swept whistles."""
    starts = event_times(rng, n, 0.8 * place.event_rate)
    return overlay(n, starts, [phrase(rng, place) for _ in starts])


def phrase(rng: np.random.Generator, place: Place) -> np.ndarray:
    """One phrase of a bird: the same whistle a few times."""
    length = int(rng.uniform(0.04, 0.14) * SAMPLE_RATE)
    pitch = place.bird_hz * rng.uniform(0.7, 1.4)
    sweep = pitch * np.linspace(rng.uniform(0.75, 1.3), rng.uniform(0.75, 1.3), length)
    whistle = np.sin(2 * np.pi * np.cumsum(sweep) / SAMPLE_RATE) * np.hanning(length)
    return np.tile(np.pad(whistle, (0, length // 2)), rng.integers(2, 8)) * rng.uniform(0.3, 1.0)


def ventilation(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Air conditioning: duct noise and the hum of the fans."""
    air = noise(rng, n, resonances([place.rumble_hz * 1.5, place.rumble_hz * 4], 0.8))
    hum = oscillator(rng, wavetable(0.6 ** np.arange(12.0)), np.full(n, place.fan_hz))
    return air + rng.uniform(0.1, 0.6) * hum


def chime(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """The gong before an announcement: two to four notes of a chord, in the tuning of the city."""
    chord = place.chime_hz * 2 ** (rng.permutation([0, 4, 7, 12])[: rng.integers(2, 5)] / 12)
    step = int(rng.uniform(0.2, 0.4) * SAMPLE_RATE)
    start = rng.integers(0, max(n - step * len(chord), 1))
    times = (start + step * np.arange(len(chord))) % n
    return overlay(n, times, [struck([f, 2 * f, 3 * f], 1.2) for f in chord])


def beeps(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Door, ticket-gate or crossing signals: equal beeps in a regular row."""
    length = int(rng.uniform(0.04, 0.12) * SAMPLE_RATE)
    pitch = place.chime_hz * rng.uniform(1.8, 3.5)
    beep = np.sin(2 * np.pi * pitch / SAMPLE_RATE * np.arange(length)) * np.hanning(length) ** 0.3
    times = periodic_times(rng, n, rng.uniform(1.5, 6.0), 0.0)
    return overlay(n, times, [beep] * len(times))


def bell(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """A church or tram bell, with the partials of a bell."""
    pitch = place.chime_hz * rng.choice([0.7, 2.0]) * rng.uniform(0.9, 1.1)
    times = periodic_times(rng, n, rng.uniform(1.0, 2.5), 0.0)
    return overlay(n, times, [struck(pitch * BELL_PARTIALS, 1.5)] * len(times))


def music(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Background music: a melody and a bass of the major scale over a noise beat."""
    tempo = rng.uniform(1.5, 3.0)
    times = periodic_times(rng, n, 2 * tempo, 0.0)
    root = place.chime_hz * rng.uniform(0.3, 0.6)
    notes = root * 2 ** (rng.choice(MAJOR_SCALE, len(times)) / 12)
    melody = overlay(n, times, [struck([f / 2, f, 2 * f, 3 * f], 0.4) for f in notes])
    return melody + rng.uniform(0.2, 1.0) * drums(rng, n, tempo)


def drums(rng: np.random.Generator, n: int, tempo: float) -> np.ndarray:
    """Hits of filtered noise, `tempo` times a second."""
    length = int(0.1 * SAMPLE_RATE)
    hit = noise(rng, length, resonances([180.0, 5000.0], 0.8)) * decay(0.12, length)
    times = periodic_times(rng, n, tempo, 0.0)
    return overlay(n, times, [hit] * len(times))

"""Sources of vehicles and of the rails. Each: (rng, place, samples) -> float [samples]."""

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
    resonances,
    struck,
    total,
    wavetable,
)

SPEED_OF_SOUND = 343.0


def engine_table(cylinders: int) -> np.ndarray:
    """Wavetable of one four-stroke cycle (two turns): strong at the multiples of the firing order."""
    order = np.arange(1, 25 * cylinders)
    return wavetable(np.where(order % cylinders == 0, 1.0, 0.15) * order**-0.6)


def engine_hum(rng: np.random.Generator, rpm: np.ndarray, cylinders: int) -> np.ndarray:
    """Harmonics [n] of a four-stroke engine at rpm [n]; the firing frequency is rpm / 120 * cylinders."""
    return oscillator(rng, engine_table(cylinders), rpm / 120)


def engine(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """A diesel engine under changing load: hum of the firing, and combustion noise that pulses with it."""
    rpm = place.rpm * rng.uniform(0.8, 1.7) * curve(rng, n, 0.8, 0.85, 1.2)
    hum = engine_hum(rng, rpm, place.cylinders)
    firing = oscillator(rng, wavetable(0.7 ** np.arange(8.0)), rpm / 120 * place.cylinders)
    knock = noise(rng, n, resonances([place.rpm * 0.5, place.rpm * 1.7], 1.5))
    return hum + rng.uniform(0.2, 0.8) * knock * (0.4 + np.abs(firing))


def speed_profile(rng: np.random.Generator, n: int) -> np.ndarray:
    """Speed [n] relative to cruising: one smooth change from a random speed to another."""
    first, last = rng.uniform(0.35, 1.15, 2)
    return first + (last - first) * (0.5 - 0.5 * np.cos(np.pi * np.linspace(0, 1, n, dtype=np.float32)))


def motor_whine(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Electric traction: tones in fixed ratios that follow the speed."""
    speed = place.motor_hz * speed_profile(rng, n)
    table = wavetable(np.array([1.0, 0.35, 0.1]))
    ratios = (1.0, place.motor_ratio, place.motor_ratio**2 * 1.3)
    tones = [oscillator(rng, table, ratio * speed) * rng.uniform(0.2, 1.0) for ratio in ratios]
    return total(tones) * curve(rng, n, 4.0, 0.6, 1.0)


def rail_rumble(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Wheels on rails: low noise that swells with the unevenness of the track."""
    centre = place.rumble_hz * rng.uniform(0.8, 1.25)
    return noise(rng, n, resonances([centre, 3.1 * centre], 1.2)) * curve(rng, n, 6.0, 0.4, 1.0)


def rail_joints(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Rail joints: pairs of knocks of the two axles of a bogie, at a rate that goes with the speed."""
    length = int(0.15 * SAMPLE_RATE)
    knock = noise(rng, length, resonances([place.rumble_hz * 2, place.rumble_hz * 9], 2.0)) * decay(0.12, length)
    period = SAMPLE_RATE / (place.joints_per_second * rng.uniform(0.7, 1.3))
    first = np.arange(rng.uniform(0, period), n, period)
    times = np.concatenate([first, first + 0.16 * period]).astype(np.int64)
    times = times[times < n]
    return overlay(n, times, [knock * g for g in rng.uniform(0.6, 1.0, len(times)).tolist()])


def tunnel_roar(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Broadband roar between a train and its tunnel, coloured by the modes of the gap."""
    modes = place.rumble_hz * np.array([2.3, 4.1, 6.7]) * rng.uniform(0.8, 1.25)
    return noise(rng, n, resonances(modes, 1.0)) * curve(rng, n, 1.5, 0.6, 1.0)


def wheel_squeal(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Stick-slip of a wheel in a curve or of a brake: a wavering tone that comes and goes."""
    tone = place.squeal_hz * rng.uniform(0.8, 1.25) * curve(rng, n, 8.0, 0.985, 1.015)
    swell = np.maximum(curve(rng, n, 1.5, -0.6, 1.0), 0)
    return oscillator(rng, wavetable(np.array([1.0, 0.3])), tone) * (swell + 0.02)


def train_passing(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """A train that comes into or leaves a station: rumble and whine under a slow swell."""
    first, last = rng.permutation([0.1, 1.0])
    swell = np.linspace(first, last, n, dtype=np.float32) ** 2
    return (rail_rumble(rng, place, n) + rng.uniform(0.1, 0.8) * motor_whine(rng, place, n)) * swell


def pass_by(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Cars that pass: tyre noise with the envelope, and an engine with the Doppler shift, of the geometry."""
    tyres = noise(rng, n, resonances([place.tyre_hz, 2.5 * place.tyre_hz], 1.0))
    out = np.zeros(n, dtype=np.float32)
    for centre in event_times(rng, n, 0.25 * place.event_rate)[:4]:
        nearness, doppler = passage(n, centre, rng.uniform(6, 20), rng.uniform(3, 12))
        rpm = place.rpm * rng.uniform(1.3, 2.6) * doppler
        out += nearness * (tyres + rng.uniform(0.1, 0.7) * engine_hum(rng, rpm, 4))
    return out


def passage(n: int, centre: int, speed: float, distance: float) -> tuple[np.ndarray, np.ndarray]:
    """Relative pressure [n] and Doppler factor [n] of a source at `speed` m/s, nearest at sample `centre` (m)."""
    along = speed / SAMPLE_RATE * (np.arange(n, dtype=np.float32) - np.float32(centre))
    radius = np.hypot(along, distance)
    return distance / radius, 1 / (1 + speed * along / radius / SPEED_OF_SOUND)


def horn(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """A car horn: two reeds a major third apart."""
    length = min(int(rng.uniform(0.2, 0.8) * SAMPLE_RATE), n)
    pitch = place.horn_hz * rng.uniform(0.9, 1.1)
    table = wavetable(0.75 ** np.arange(10.0))
    reeds = total(oscillator(rng, table, np.full(length, pitch * ratio)) for ratio in (1.0, 1.26))
    return overlay(n, rng.integers(0, n - length + 1, 1), [reeds])


def door_hiss(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Compressed air of doors and brakes: bursts of high noise that die away."""
    length = min(int(0.8 * SAMPLE_RATE), n)
    burst = noise(rng, length, band(place.squeal_hz * 0.7, 6500.0)) * decay(rng.uniform(0.5, 1.5), length)
    times = event_times(rng, n, 0.1 * place.event_rate)
    return overlay(n, times, [burst] * len(times))


def rattle(rng: np.random.Generator, place: Place, n: int) -> np.ndarray:
    """Loose panels and windows: irregular clicks of a few resonances."""
    click = struck(place.ground_hz * np.array([1.0, 1.7, 2.9]) * rng.uniform(0.8, 1.25), 0.04)
    times = event_times(rng, n, 12.0 * place.event_rate)
    return overlay(n, times, [click * g for g in rng.uniform(0.1, 1.0, len(times)).tolist()])

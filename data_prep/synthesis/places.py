"""Where a clip is recorded: what a city, and then a session in it, make of the sources and of the room."""

from dataclasses import dataclass

import numpy as np

from data_prep.synthesis.signals import SAMPLE_RATE, decay, generator

# Wider: harder to carry what was learnt from one city, or one session, to another.
CITY_SPREAD = 0.3
SESSION_SPREAD = 0.15
SLOPE_SPREAD_DB = 1.5

# Centre of each parameter that cities and sessions scale by log-normal factors.
CENTRES = {
    "rpm": 800.0,
    "motor_hz": 520.0,
    "motor_ratio": 1.7,
    "rumble_hz": 110.0,
    "joints_per_second": 1.6,
    "squeal_hz": 2600.0,
    "tyre_hz": 900.0,
    "horn_hz": 400.0,
    "talker_hz": 150.0,
    "talkers": 1.2,
    "steps_per_second": 1.8,
    "ground_hz": 700.0,
    "bird_hz": 3600.0,
    "chime_hz": 620.0,
    "fan_hz": 100.0,
    "event_rate": 1.0,
}

# Usual reverberation time in s of each scene, and the energy of the reverberation relative to the direct sound.
ROOMS = {
    "airport": (1.8, 1.0),
    "shopping_mall": (1.3, 0.9),
    "metro_station": (2.0, 1.2),
    "street_pedestrian": (0.6, 0.4),
    "public_square": (0.9, 0.4),
    "street_traffic": (0.6, 0.3),
    "tram": (0.3, 0.5),
    "bus": (0.25, 0.5),
    "metro": (0.35, 0.6),
    "park": (0.3, 0.15),
}


@dataclass(frozen=True)
class Place:
    """Parameters of one session's place: `_hz` in Hz, rates per second, `rt60` in s, the rest relative."""

    rpm: float
    motor_hz: float
    motor_ratio: float
    rumble_hz: float
    joints_per_second: float
    squeal_hz: float
    tyre_hz: float
    horn_hz: float
    talker_hz: float
    talkers: float
    steps_per_second: float
    ground_hz: float
    bird_hz: float
    chime_hz: float
    fan_hz: float
    event_rate: float
    cylinders: int
    slope_db: float
    rt60: float
    reverberation: float


def session_place(rng: np.random.Generator, city: str, scene: str) -> Place:
    """Place of a session: the city's parameters, fixed by its name, varied by the session's generator."""
    city_rng = generator("city", city)
    scale = np.exp(CITY_SPREAD * city_rng.normal(size=len(CENTRES)) + SESSION_SPREAD * rng.normal(size=len(CENTRES)))
    rt60, reverberation = ROOMS[scene]
    room = np.exp(CITY_SPREAD * city_rng.normal(size=2) + 2 * SESSION_SPREAD * rng.normal(size=2))
    return Place(
        **{name: centre * s for (name, centre), s in zip(CENTRES.items(), scale.tolist(), strict=True)},
        cylinders=int(city_rng.choice([4, 6])),
        slope_db=-4.0 + SLOPE_SPREAD_DB * (city_rng.normal() + rng.normal()),
        rt60=rt60 * float(room[0]),
        reverberation=reverberation * float(room[1]),
    )


def room_response(rng: np.random.Generator, rt60: float, reverberation: float, n: int) -> np.ndarray:
    """Impulse response [n or less] of a room: the direct sound, then noise that falls by 60 dB in `rt60` s.

    `reverberation` is the energy of the noise relative to the direct sound (Moorer 1979).
    """
    length = min(int(rt60 * SAMPLE_RATE), n)
    response = rng.standard_normal(length, dtype=np.float32) * decay(rt60, length)
    response *= np.sqrt(reverberation / np.sum(response**2))
    response[0] = 1.0
    return response

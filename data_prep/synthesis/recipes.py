"""Which scene has which sources: as data, and the mixture of a clip from it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from data_prep.synthesis.people import announcement, babble, children, footsteps, luggage
from data_prep.synthesis.places import Place
from data_prep.synthesis.signals import SAMPLE_RATE, amplitude, curve, unit_rms
from data_prep.synthesis.surroundings import (
    background,
    beeps,
    bell,
    birds,
    chime,
    fountain,
    leaves,
    music,
    ventilation,
    wind,
)
from data_prep.synthesis.vehicles import (
    door_hiss,
    engine,
    horn,
    motor_whine,
    pass_by,
    rail_joints,
    rail_rumble,
    rattle,
    train_passing,
    tunnel_roar,
    wheel_squeal,
)

# Higher: harder, as less of the clip is the scene's own sound.
BACKGROUND_DB = -16.0
DISTRACTORS = 0.25  # mean number in a clip, of sources of any scene
DISTRACTOR_DB = (-15.0, -3.0)
# Wider: harder, as clips of one scene have less in common.
SESSION_LEVEL_DB = 1.0
CLIP_LEVEL_DB = 1.0


class Part(NamedTuple):
    """A source in a scene: how often a clip has it, and at what usual level in dB."""

    source: Callable[[np.random.Generator, Place, int], np.ndarray]
    chance: float
    level_db: float


RECIPES = {
    "airport": (
        Part(ventilation, 0.98, 1),
        Part(babble, 0.96, -1),
        Part(luggage, 0.75, -2),
        Part(announcement, 0.4, -2),
        Part(chime, 0.25, -3),
        Part(footsteps, 0.4, -8),
        Part(beeps, 0.15, -8),
        Part(music, 0.1, -9),
    ),
    "shopping_mall": (
        Part(babble, 0.98, 1),
        Part(music, 0.94, 0),
        Part(footsteps, 0.7, -5),
        Part(children, 0.3, -6),
        Part(ventilation, 0.3, -9),
        Part(announcement, 0.1, -6),
        Part(beeps, 0.15, -7),
        Part(luggage, 0.1, -7),
    ),
    "metro_station": (
        Part(train_passing, 0.92, 3),
        Part(footsteps, 0.92, 1),
        Part(babble, 0.6, -6),
        Part(ventilation, 0.5, -6),
        Part(announcement, 0.3, -3),
        Part(chime, 0.2, -4),
        Part(beeps, 0.3, -5),
        Part(wheel_squeal, 0.25, -4),
    ),
    "street_pedestrian": (
        Part(footsteps, 1.0, 3),
        Part(babble, 0.94, 0),
        Part(music, 0.15, -7),
        Part(pass_by, 0.3, -7),
        Part(wind, 0.3, -8),
        Part(children, 0.15, -7),
        Part(luggage, 0.1, -7),
        Part(birds, 0.1, -10),
    ),
    "public_square": (
        Part(fountain, 0.92, 1),
        Part(babble, 0.92, -1),
        Part(birds, 0.35, -8),
        Part(bell, 0.35, -3),
        Part(wind, 0.4, -6),
        Part(pass_by, 0.3, -8),
        Part(children, 0.4, -4),
        Part(footsteps, 0.4, -7),
    ),
    "street_traffic": (
        Part(pass_by, 1.0, 4),
        Part(engine, 0.84, 0),
        Part(horn, 0.25, -3),
        Part(wind, 0.25, -7),
        Part(footsteps, 0.25, -9),
        Part(babble, 0.25, -9),
        Part(wheel_squeal, 0.1, -7),
        Part(beeps, 0.15, -7),
    ),
    "tram": (
        Part(motor_whine, 0.98, 2),
        Part(rail_rumble, 0.96, 0),
        Part(rail_joints, 0.6, -2),
        Part(wheel_squeal, 0.35, -3),
        Part(bell, 0.25, -3),
        Part(rattle, 0.3, -7),
        Part(babble, 0.5, -7),
        Part(announcement, 0.15, -5),
    ),
    "bus": (
        Part(engine, 1.0, 3),
        Part(rattle, 0.92, 0),
        Part(door_hiss, 0.3, -3),
        Part(babble, 0.5, -7),
        Part(pass_by, 0.2, -8),
        Part(ventilation, 0.3, -7),
        Part(announcement, 0.15, -5),
        Part(beeps, 0.15, -6),
    ),
    "metro": (
        Part(rail_rumble, 1.0, 1),
        Part(tunnel_roar, 0.96, 3),
        Part(motor_whine, 0.5, -6),
        Part(rail_joints, 0.4, -5),
        Part(wheel_squeal, 0.2, -5),
        Part(beeps, 0.3, -4),
        Part(babble, 0.4, -8),
        Part(announcement, 0.2, -5),
    ),
    "park": (
        Part(birds, 0.96, 1),
        Part(leaves, 0.94, 2),
        Part(wind, 0.5, -4),
        Part(children, 0.3, -6),
        Part(footsteps, 0.3, -7),
        Part(babble, 0.2, -9),
        Part(pass_by, 0.25, -10),
        Part(fountain, 0.1, -7),
    ),
}

ALL_SOURCES = tuple(dict.fromkeys(part.source for recipe in RECIPES.values() for part in recipe))


def session_levels(rng: np.random.Generator, scene: str) -> list[float]:
    """Level in dB of each part of a scene's recipe in one session."""
    return [part.level_db + SESSION_LEVEL_DB * rng.normal() for part in RECIPES[scene]]


def mixture(rng: np.random.Generator, place: Place, scene: str, levels: list[float], n: int) -> np.ndarray:
    """Dry sound [n] of a clip: the background, the scene's parts at `levels` dB, and distractors."""
    out = unit_rms(background(rng, place, n)) * amplitude(BACKGROUND_DB + CLIP_LEVEL_DB * rng.normal())
    for part, level in zip(RECIPES[scene], levels, strict=True):
        if rng.uniform() < part.chance:
            out += unit_rms(part.source(rng, place, n)) * amplitude(level + CLIP_LEVEL_DB * rng.normal())
    for index in rng.integers(len(ALL_SOURCES), size=rng.poisson(DISTRACTORS)):
        out += distractor(rng, place, index, n)
    return out


def distractor(rng: np.random.Generator, place: Place, index: int, n: int) -> np.ndarray:
    """A source [n] that need not belong to the scene, swelling and fading at a random level."""
    swell = curve(rng, n, max(1.0, 2 * SAMPLE_RATE / n), 0.0, 1.0)
    return unit_rms(ALL_SOURCES[index](rng, place, n)) * swell * amplitude(rng.uniform(*DISTRACTOR_DB))

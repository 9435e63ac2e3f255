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
BACKGROUND_DB = -10.0
DISTRACTORS = 0.5  # mean number in a clip, of sources of any scene
DISTRACTOR_DB = (-12.0, 0.0)
# Wider: harder, as clips of one scene have less in common.
SESSION_LEVEL_DB = 2.0
CLIP_LEVEL_DB = 2.0


class Part(NamedTuple):
    """A source in a scene: how often a clip has it, and at what usual level in dB."""

    source: Callable[[np.random.Generator, Place, int], np.ndarray]
    chance: float
    level_db: float


RECIPES = {
    "airport": (
        Part(ventilation, 0.95, 1),
        Part(babble, 0.9, -1),
        Part(luggage, 0.75, 1),
        Part(announcement, 0.4, 1),
        Part(chime, 0.25, 0),
        Part(footsteps, 0.4, -5),
        Part(beeps, 0.15, -5),
        Part(music, 0.1, -6),
    ),
    "shopping_mall": (
        Part(babble, 0.95, 1),
        Part(music, 0.85, 0),
        Part(footsteps, 0.7, -2),
        Part(children, 0.3, -3),
        Part(ventilation, 0.3, -6),
        Part(announcement, 0.1, -3),
        Part(beeps, 0.15, -4),
        Part(luggage, 0.1, -4),
    ),
    "metro_station": (
        Part(train_passing, 0.8, 3),
        Part(footsteps, 0.8, 1),
        Part(babble, 0.6, -3),
        Part(ventilation, 0.5, -3),
        Part(announcement, 0.3, 0),
        Part(chime, 0.2, -1),
        Part(beeps, 0.3, -2),
        Part(wheel_squeal, 0.25, -1),
    ),
    "street_pedestrian": (
        Part(footsteps, 1.0, 3),
        Part(babble, 0.85, 0),
        Part(music, 0.15, -4),
        Part(pass_by, 0.3, -4),
        Part(wind, 0.3, -5),
        Part(children, 0.15, -4),
        Part(luggage, 0.1, -4),
        Part(birds, 0.1, -7),
    ),
    "public_square": (
        Part(fountain, 0.8, 1),
        Part(babble, 0.8, -1),
        Part(birds, 0.35, -5),
        Part(bell, 0.35, 0),
        Part(wind, 0.4, -3),
        Part(pass_by, 0.3, -5),
        Part(children, 0.4, -1),
        Part(footsteps, 0.4, -4),
    ),
    "street_traffic": (
        Part(pass_by, 1.0, 4),
        Part(engine, 0.6, 0),
        Part(horn, 0.25, 0),
        Part(wind, 0.25, -4),
        Part(footsteps, 0.25, -6),
        Part(babble, 0.25, -6),
        Part(wheel_squeal, 0.1, -4),
        Part(beeps, 0.15, -4),
    ),
    "tram": (
        Part(motor_whine, 0.95, 2),
        Part(rail_rumble, 0.9, 0),
        Part(rail_joints, 0.6, 1),
        Part(wheel_squeal, 0.35, 0),
        Part(bell, 0.25, 0),
        Part(rattle, 0.3, -4),
        Part(babble, 0.5, -4),
        Part(announcement, 0.15, -2),
    ),
    "bus": (
        Part(engine, 1.0, 3),
        Part(rattle, 0.8, 0),
        Part(door_hiss, 0.3, 0),
        Part(babble, 0.5, -4),
        Part(pass_by, 0.2, -5),
        Part(ventilation, 0.3, -4),
        Part(announcement, 0.15, -2),
        Part(beeps, 0.15, -3),
    ),
    "metro": (
        Part(rail_rumble, 1.0, 1),
        Part(tunnel_roar, 0.9, 3),
        Part(motor_whine, 0.5, -3),
        Part(rail_joints, 0.4, -2),
        Part(wheel_squeal, 0.2, -2),
        Part(beeps, 0.3, -1),
        Part(babble, 0.4, -5),
        Part(announcement, 0.2, -2),
    ),
    "park": (
        Part(birds, 0.9, 1),
        Part(leaves, 0.85, 2),
        Part(wind, 0.5, -1),
        Part(children, 0.3, -3),
        Part(footsteps, 0.3, -4),
        Part(babble, 0.2, -6),
        Part(pass_by, 0.25, -7),
        Part(fountain, 0.1, -4),
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

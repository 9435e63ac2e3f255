"""What the data set consists of: every clip's scene, city, device, session and split, without audio."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from data_prep.synthesis.signals import generator

SCENES = (
    "airport",
    "shopping_mall",
    "metro_station",
    "street_pedestrian",
    "public_square",
    "street_traffic",
    "tram",
    "bus",
    "metro",
    "park",
)

SOURCE_CITIES = ("arden", "brisa", "corvo", "delmar", "esker", "fenn")
TARGET_CITIES = ("lyra", "mistral", "norden", "orso")
UNSEEN_CITIES = ("tavira", "ulmen")

SOURCE_DEVICES = ("a", "a", "a", "b", "c")  # repeated as often as they occur
TARGET_DEVICES = ("a", "s1", "s2", "s3")
UNSEEN_DEVICES = ("s4", "s5", "s6")


@dataclass(frozen=True)
class Clip:
    """One clip to render; `seed` is that of the whole data set, the other fields say where the clip stands in it."""

    id: str
    split: str
    scene: str
    labelled: bool
    city: str
    device: str
    session: str
    seed: int


@dataclass(frozen=True)
class Split:
    """A split's clips per scene, cut into sessions that take turns in the cities."""

    name: str
    labelled: bool
    clips_per_scene: int
    clips_per_session: int
    cities: tuple[str, ...]
    devices: tuple[str, ...]


SPLITS = (
    Split("source", True, 100, 5, SOURCE_CITIES, SOURCE_DEVICES),
    Split("train", True, 16, 4, TARGET_CITIES, TARGET_DEVICES),
    Split("unlabelled", False, 64, 4, TARGET_CITIES, TARGET_DEVICES),
    Split("test", True, 60, 5, TARGET_CITIES + UNSEEN_CITIES, TARGET_DEVICES + UNSEEN_DEVICES),
)


def plan(seed: int) -> list[Clip]:
    """All clips of the data set of a seed, split by split and scene by scene."""
    return [clip for split in SPLITS for clip in plan_split(split, seed)]


def plan_split(split: Split, seed: int) -> Iterator[Clip]:
    """Clips of one split: each device comes equally often (to within one) in every scene."""
    rng = generator(seed, "plan", split.name)
    for number, scene in enumerate(SCENES):
        size = split.clips_per_scene
        devices = rng.permutation(np.resize(np.roll(split.devices, -number * size), size))
        for i, device in enumerate(devices.tolist()):
            session = i // split.clips_per_session
            city = split.cities[session % len(split.cities)]
            yield Clip(
                id=f"{split.name}-{scene}-{city}-{i:03d}-{device}",
                split=split.name,
                scene=scene,
                labelled=split.labelled,
                city=city,
                device=device,
                session=f"{split.name}-{scene}-{city}-{session:02d}",
                seed=seed,
            )

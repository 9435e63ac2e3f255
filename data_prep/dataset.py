"""What is known of a data set before any audio is decoded: its clips, and a name that changes whenever they do."""

import collections
import dataclasses
import hashlib
import json
from collections.abc import Callable

import numpy as np

from data_prep import PrepareError

SAMPLE_RATE = 16_000  # Hz
VERSION = "1.0.0"  # of the record format and of the decoding: raise it when either changes
SPLITS = ("train", "unlabelled", "validation", "test", "source")


@dataclasses.dataclass(frozen=True)
class Clip:
    """One record to be: `id` as the source lists it; `scene` is "" where unknown and withheld unless `labelled`."""

    id: str
    split: str
    scene: str = ""
    labelled: bool = False
    device: str = ""
    city: str = ""
    session: str = ""


@dataclasses.dataclass(frozen=True)
class DataSet:
    """A checked list of clips and the way to their samples; PrepareError if an id repeats or a scene is unknown.

    `clips` are `Clip`s or dataclasses with its fields; `load` maps one to int16[samples]; `source` holds whatever else
    the records depend on (file sizes and times, code), as values that JSON can write.
    """

    name: str
    scenes: tuple[str, ...]
    clips: tuple
    seconds: float
    load: Callable[[Clip], np.ndarray]
    source: tuple
    version: str = VERSION

    def __post_init__(self):
        for clip_id, count in collections.Counter(clip.id for clip in self.clips).items():
            if count > 1:
                raise PrepareError(f"{clip_id} is listed {count} times: each clip must be listed once")
        for clip in self.clips:
            if clip.scene not in self.scenes and (clip.scene or clip.labelled):
                known = ", ".join(self.scenes)
                raise PrepareError(f"{clip.id}: unknown scene {clip.scene!r}; the scenes of {self.name} are {known}")

    @property
    def samples(self) -> int:
        return round(self.seconds * SAMPLE_RATE)

    @property
    def config_name(self) -> str:
        """Seconds and a hash of everything that the records depend on, such as "5s-3f0c9a1b2d4e"."""
        clips = [dataclasses.astuple(clip) for clip in self.clips]
        content = json.dumps([self.version, self.samples, self.scenes, clips, self.source])
        return f"{self.seconds:g}s-{hashlib.sha256(content.encode()).hexdigest()[:12]}"

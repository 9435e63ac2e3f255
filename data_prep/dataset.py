"""What is known of a data set before any audio is decoded: its clips, and a name that changes whenever they do."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from data_prep.faults import Fault

SAMPLE_RATE = 16_000  # Hz
VERSION = "2.1.0"  # of the record format and of the decoding: raise it when either changes


@dataclasses.dataclass(frozen=True)
class Clip:
    """A clip to prepare: `id` as the source lists it; `scene` is "" where unknown, and a label only if `labelled`.

    `split` is one of README.md's; `columns` are more (name, value) pairs to keep.
    """

    id: str
    split: str
    scene: str = ""
    labelled: bool = False
    device: str = ""
    city: str = ""
    session: str = ""
    columns: tuple[tuple[str, str], ...] = ()


@dataclasses.dataclass(frozen=True)
class Recording:
    """A decoded clip, int16[samples], and what its file was (nothing of it is known for rendered clips).

    `notes` say what is odd about the file.
    """

    audio: np.ndarray
    bytes: int = 0
    seconds: float = 0
    rate: int = 0
    channels: int = 0
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class DataSet:
    """A checked list of clips and the way to their samples.

    `clips` are `Clip`s or dataclasses with most of its fields; `load` maps one to a Recording or raises Unusable;
    `source` holds whatever else the records depend on (file sizes and times, code), as values that JSON can write;
    `split` names the data set's own split, if it has one; `faults` are the recordings that are bad already, and `notes`
    say what is odd about the rest.
    """

    name: str
    scenes: tuple[str, ...]
    clips: tuple
    seconds: float
    load: Callable[[Any], Recording]
    source: tuple
    split: str | None = None
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    version: str = VERSION

    @property
    def samples(self) -> int:
        return round(self.seconds * SAMPLE_RATE)

    @property
    def config_name(self) -> str:
        """Seconds and a hash of everything that the records depend on, such as "5s-3f0c9a1b2d4e"."""
        known = [dataclasses.astuple(each) for each in (*self.clips, *self.faults)]
        content = json.dumps([self.version, self.samples, self.scenes, self.split, known, self.source])
        return f"{self.seconds:g}s-{hashlib.sha256(content.encode()).hexdigest()[:12]}"

"""Prepared records, as data_prep/README.md describes them, opened for random access."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asc_jax.errors import UserError


@dataclass(frozen=True)
class Records:
    """One prepared data set: `scenes` are its class names, `samples` the length of each clip at 16 kHz."""

    path: Path
    scenes: tuple[str, ...]
    samples: int
    splits: dict[str, Sequence]  # name -> records {audio, label, truth, id, device, city, session}

    def split(self, name: str) -> Sequence:
        """The records of one split; a split that the data set lacks is the user's to mend."""
        if name not in self.splits:
            raise UserError(f"{self.path}: no clips in split '{name}' (it has {', '.join(self.splits)})")
        return self.splits[name]


def open_records(path: Path) -> Records:
    """Opens the folder that data_prep.prepare returned."""
    import tensorflow_datasets as tfds  # half a second, not needed for --help

    builder = tfds.builder_from_directory(path)
    features = builder.info.features
    splits = {name: builder.as_data_source(split=name) for name in builder.info.splits}
    return Records(path, tuple(features["label"].names), features["audio"].shape[0], splits)

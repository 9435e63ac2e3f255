"""Prepared records, as data_prep/README.md describes them, opened for random access."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas

from asc_jax.errors import UserError


@dataclass(frozen=True)
class Clips:
    """Some clips of a data set: `table` has a row for each, `read` their samples.

    The table's columns are texts (id, label, truth, device, city, session and more); its index is the number of the
    record, and `read` maps such numbers to int16 [B, samples]. `all_fingerprints` are those of all records.
    """

    scenes: tuple[str, ...]
    samples: int
    table: pandas.DataFrame
    read: Callable[[list[int]], np.ndarray]
    all_fingerprints: np.ndarray

    def __len__(self) -> int:
        return len(self.table)

    def audio(self, numbers: Sequence[int] | np.ndarray) -> np.ndarray:
        """The samples of the clips with these numbers (0 is the first of `table`): int16 [B, samples]."""
        return self.read(self.table.index.to_numpy()[numbers].tolist())

    @property
    def fingerprints(self) -> np.ndarray:
        """What data_prep keeps of each clip to find its copies: uint16 [M, words]."""
        return self.all_fingerprints[self.table.index]

    def numbers(self, ids: Sequence[str]) -> np.ndarray:
        """The numbers of the clips with these ids, int [M]; -1 for one that is not there."""
        return pandas.Index(self.table["id"]).get_indexer(pandas.Index(ids))

    def column(self, name: str) -> list[str]:
        return self.table[name].tolist()

    def class_ids(self, name: str) -> np.ndarray:
        """The scenes in a column (label or truth) as numbers, int32 [M]; -1 where there is none."""
        number = {scene: index for index, scene in enumerate(self.scenes)} | {"": -1}
        return self.table[name].map(number).to_numpy(np.int32)


@dataclass(frozen=True)
class Records:
    """One prepared data set: its clips, by what they are split, and the split of each ("" is in none)."""

    path: Path
    clips: Clips
    split_by: str
    splits: pandas.Series

    @property
    def scenes(self) -> tuple[str, ...]:
        return self.clips.scenes

    @property
    def samples(self) -> int:
        return self.clips.samples

    @property
    def identity(self) -> str:
        """The data set's name and a hash of its table: what its clips are, wherever they and their recordings lie."""
        table = self.clips.table.to_csv(index=False)
        return f"{self.path.parts[-3]}/{hashlib.sha256(table.encode()).hexdigest()[:12]}"

    def split(self, *names: str) -> Clips:
        """The clips of one split or several, in the order of the data set; UserError if one has no clips."""
        for name in names:
            if not (self.splits == name).any():
                there = ", ".join(split for split in self.splits.unique() if split)
                raise UserError(
                    f"{self.path}, split {self.split_by}: no clips in split '{name}' (it has {there}); "
                    "list some, or choose another --split"
                )
        table = self.clips.table[self.splits.isin(names)]
        return replace(self.clips, table=table)


def read_clips(path: Path) -> tuple[Clips, str | None]:
    """Opens the folder that data_prep.prepare returned: its clips, and the name of the data set's own split."""
    import tensorflow_datasets as tfds  # half a second, not needed for --help

    if not (path / "dataset_info.json").exists():
        raise UserError(f"{path}: there are no prepared records; name the folder that 'asc-jax prepare' printed")
    builder = cast(Any, tfds.builder_from_directory(path))  # TFDS's annotations are of its methods before decoration
    features = builder.info.features
    table = pandas.read_csv(path / "clips.csv", dtype=str, keep_default_na=False)
    prints = np.load(path / "fingerprints.npy")
    own_split = json.loads((path / "metadata.json").read_text())["split"]
    return Clips(tuple(features["label"].names), features["audio"].shape[0], table, _reader(builder), prints), own_split


def _reader(builder: Any) -> Callable[[list[int]], np.ndarray]:
    """Record numbers -> audio; what else a record holds stands in the table, and is not decoded."""
    import tensorflow_datasets as tfds

    source = builder.as_data_source(split="clips", deserialize_method=tfds.decode.DeserializeMethod.RAW_BYTES)
    decoder: Any = tfds.features.FeaturesDict({"audio": builder.info.features["audio"]})
    return lambda numbers: np.stack(
        [decoder.deserialize_example_np(record)["audio"] for record in source.__getitems__(numbers)]
    )

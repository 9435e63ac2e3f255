"""Data sets whose clips are files of sound."""

import pathlib
from collections.abc import Callable, Sequence

import numpy as np

from data_prep import PrepareError
from data_prep.audio import decode
from data_prep.dataset import Clip, DataSet


def file_dataset(
    name: str,
    scenes: Sequence[str],
    clips: Sequence[Clip],
    seconds: float,
    path_of: Callable[[Clip], pathlib.Path],
    fit: Callable[[np.ndarray, int, str], np.ndarray],
) -> DataSet:
    """A DataSet of the files path_of(clip), each brought to its length by fit(audio, samples, clip id).

    PrepareError names the first file that is not there.
    """
    states = tuple(_state(path_of(clip), clip.id) for clip in clips)

    def load(clip):
        return fit(decode(path_of(clip), clip.id, dataset.samples), dataset.samples, clip.id)

    dataset = DataSet(name, tuple(scenes), tuple(clips), seconds, load, states)
    return dataset


def _state(path, name):
    """Bytes and modification time in ns: a file that changes changes at least one of them."""
    if not path.is_file():
        raise PrepareError(f"{name}: no such file ({path}); correct the list or restore the recording")
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns

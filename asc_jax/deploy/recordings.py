"""Recordings as a user names them: files, folders, patterns and arrays -> blocks of samples at 16 kHz."""

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from asc_jax.errors import UserError
from asc_jax.net.frontend import RATE
from data_prep.faults import Unusable
from data_prep.files import missing_extra, sound_files
from data_prep.samples import as_mono, check_length
from data_prep.streaming import stream

Note = Callable[[str], None]  # called with what is odd
Source = str | os.PathLike[str] | np.ndarray


@dataclass(frozen=True)
class Recording:
    """A file of sound, or an array [N] or [N, channels] with its rate in Hz; arrays are scaled as `as_mono` says."""

    name: str
    source: Path | Any
    rate: Any = None

    def blocks(self, note: Note = lambda text: None) -> Iterator[np.ndarray]:
        """Its samples at 16 kHz, block by block, float32 [N]; UserError where they cannot be read."""
        with usable():
            if isinstance(self.source, Path):
                yield from stream(self.source, note)
            else:
                mono = as_mono(self.source, self.rate)
                check_length(len(mono), self.rate, RATE)
                yield soxr.resample(mono, self.rate, RATE, quality="HQ")


def recordings_of(sources: Source | Sequence[Source], rate: Any, note: Note) -> list[Recording]:
    """The recordings of a file, folder, pattern or array, or of a list of these; arrays have this rate.

    The name of an array is its number in the list. UserError where there are none.
    """
    found = []
    for number, source in enumerate(sources if isinstance(sources, list | tuple) else [sources]):
        is_path = isinstance(source, str | os.PathLike)
        found += files([os.fspath(source)], note) if is_path else [Recording(str(number), source, rate)]
    if not found:
        raise UserError("no recordings: give files, folders, patterns or arrays")
    return found


def files(paths: Sequence[str], note: Note, standard_input: Path | None = None) -> list[Recording]:
    """All recordings of files, folders and patterns, in order, and of "-", which is the file `standard_input`.

    `note` is called with what is passed over in a folder, and with how many files need an extra that is not installed.
    What does not exist is the last, for whoever reads it.
    """
    found, unmatched = [], []
    for path in paths:
        if not path:
            raise UserError("a recording without a name; name files, folders or patterns")
        if path == "-" and standard_input:
            found.append(Recording(path, standard_input))
        elif os.path.isdir(path):  # unlike a Path's, for any name
            sounds, passed_over = sound_files(Path(path))
            found += [Recording(str(each), each) for each in sounds]
            if passed_over:
                note(f"{path}: {passed_over}")
        elif glob.has_magic(path) and not os.path.lexists(path):
            matching = [Recording(each, Path(each)) for each in _matching(path)]
            found += matching
            unmatched += [] if matching else [Recording(path, Path(path))]
        else:
            found.append(Recording(path, Path(path)))
    if not found:
        raise UserError(f"{' '.join(paths) or 'nothing'}: no recordings there; name files, folders or patterns")
    if missing := missing_extra([each.source for each in found]):
        note(missing)
    return found + unmatched


def _matching(pattern: str) -> list[str]:
    """The files that match a pattern; a path that exists as it is written is no pattern."""
    parts, known = Path(pattern).parts, Path()
    while parts and os.path.isdir(known / parts[0]):
        known, parts = known / parts[0], parts[1:]
    rest = os.path.join(glob.escape(str(known)), *parts) if str(known) != "." else os.path.join("", *parts)
    found = {}
    for path in sorted(glob.glob(rest, recursive=True), key=lambda path: (path.count(os.sep), path)):
        if not os.path.isdir(path):  # of one that links lead to again and again, the first
            found.setdefault(os.path.realpath(path), path)
    return sorted(found.values())


@contextmanager
def usable() -> Iterator[None]:
    """Turns what is wrong with a recording into a UserError."""
    try:
        yield
    except Unusable as bad:
        raise UserError(f"{bad.reason}: {bad.detail}") from bad

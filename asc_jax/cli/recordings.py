"""The recordings of a command: files, folders, patterns, standard input."""

import glob
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from asc_jax.errors import UserError

if TYPE_CHECKING:
    import numpy as np


def files(paths: tuple[str, ...], folder: Path) -> list[tuple[str, Path]]:
    """(name, file) of all recordings, in order; standard input is copied into the folder, to go back in it."""
    from data_prep.files import sound_files

    named, unmatched = [], []
    for path in paths:
        if not path:
            raise UserError("a recording without a name; name files, folders or patterns")
        if path == "-" and (sys.stdin is None or path in dict(named)):
            raise UserError("-: standard input is closed, or named twice")
        if path == "-":
            with open(folder / "-.wav", "wb") as copy:
                shutil.copyfileobj(sys.stdin.buffer, copy)
            named.append((path, folder / "-.wav"))
        elif os.path.isdir(path):  # unlike a Path's, for any name
            found, passed_over = sound_files(Path(path))
            named += [(str(each), each) for each in found]
            if passed_over:
                print(f"asc-jax: {path}: {passed_over}", file=sys.stderr)
        elif glob.has_magic(path) and not os.path.lexists(path):
            matching = [(each, Path(each)) for each in _matching(path)]
            named += matching
            unmatched += [] if matching else [(path, Path(path))]
        else:
            named.append((path, Path(path)))
    if not named:
        raise UserError(f"{' '.join(paths) or 'nothing'}: no recordings there; name files, folders or patterns")
    _report_missing_extra([path for _, path in named])
    return named + unmatched


def _report_missing_extra(paths: list[Path]) -> None:
    """Prints how many of these files PyAV would read, if it is not installed."""
    from data_prep import ffmpeg

    count = sum(path.suffix.lower() in ffmpeg.SUFFIXES for path in paths)
    if count and not ffmpeg.installed():
        print(f"asc-jax: {count:,} of {len(paths):,} files are {': '.join(ffmpeg.EXTRA)}", file=sys.stderr)


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


def blocks(path: Path, note: Callable[[str], None] = lambda text: None) -> Iterator["np.ndarray"]:
    """Its samples at 16 kHz, piece by piece; `note` is called with what is odd; UserError where it cannot be read."""
    from asc_jax.deploy.classifier import usable
    from data_prep.streaming import stream

    with usable():
        yield from stream(path, note)

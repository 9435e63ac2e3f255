"""What a command is to hear: files, folders, patterns, standard input."""

import glob
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from asc_jax.errors import UserError

if TYPE_CHECKING:
    import numpy as np


def files(paths: tuple[str, ...], folder: Path) -> list[tuple[str, Path]]:
    """(name, file) of all that is to be heard, in order; standard input is copied into the folder, to go back in it."""
    from data_prep.files import sound_files

    named = []
    for path in paths:
        if path == "-":
            with open(folder / "-.wav", "wb") as copy:
                shutil.copyfileobj(sys.stdin.buffer, copy)
            named.append((path, folder / "-.wav"))
        elif os.path.isdir(path):  # unlike a Path's, for any name
            named += [(str(each), each) for each in sound_files(Path(path))]
        elif glob.has_magic(path) and not os.path.exists(path):
            named += [(each, Path(each)) for each in sorted(glob.glob(path, recursive=True))]
        else:
            named.append((path, Path(path)))
    if not named:
        raise UserError(f"{' '.join(paths) or 'nothing'}: no recordings there; name files, folders or patterns")
    return named


def blocks(path: Path) -> Iterator["np.ndarray"]:
    """Its samples at 16 kHz, piece by piece; UserError where it cannot be read, or no further."""
    from data_prep.faults import Unusable
    from data_prep.streaming import stream

    try:
        yield from stream(path)
    except Unusable as bad:
        raise UserError(f"{bad.reason}: {bad.detail}") from bad

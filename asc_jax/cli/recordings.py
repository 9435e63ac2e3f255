"""What a command is to hear: files, folders, patterns, standard input."""

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


def blocks(path: Path, note: Callable[[str], None] = lambda text: None) -> Iterator["np.ndarray"]:
    """Its samples at 16 kHz, piece by piece; `note` is called with what is odd; UserError where it cannot be read."""
    from asc_jax.deploy.classifier import usable
    from data_prep.streaming import stream

    with usable():
        yield from stream(path, note)

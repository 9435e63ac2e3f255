"""How long recordings are, by their structure: nothing is decoded."""

import contextlib
import pathlib

from data_prep.audio import ordered_map
from data_prep.clips import collect
from data_prep.faults import Unusable
from data_prep.sound import opened


def lengths(recordings: str) -> list[float]:
    """Seconds of each recording of a list or folder, shortest first; those that cannot be opened are left out."""
    path = pathlib.Path(recordings).expanduser()
    root = path if path.is_dir() else path.parent
    _, files = collect(path, seconds=1.0, fit="start").source
    return sorted(filter(None, ordered_map(_seconds, [root / name for name, *_ in files])))


def _seconds(path: pathlib.Path) -> float | None:
    with contextlib.suppress(Unusable), opened(path) as sound:
        return sound.frames / sound.rate
    return None

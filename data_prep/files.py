"""Data sets whose clips are files of sound."""

import collections
import os
import pathlib
import posixpath
import stat
import unicodedata
from collections.abc import Callable, Sequence

from data_prep.audio import decode
from data_prep.dataset import Clip, DataSet, Recording
from data_prep.faults import Fault, Unusable
from data_prep.typed import cached

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")


def sound_files(folder: pathlib.Path) -> list[pathlib.Path]:
    """A folder's recordings, sub-folders and all, in the order of their paths; hidden files are passed over."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return [path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def file_dataset(
    name: str,
    scenes: Sequence[str],
    clips: Sequence[Clip],
    root: pathlib.Path,
    seconds: float,
    fit: str,
    split: str | None,
    faults: Sequence[Fault] = (),
    path_of: Callable[[Clip], str] = lambda clip: clip.id,
) -> DataSet:
    """A DataSet of the files root/path_of(clip), with all that is wrong with the list among its faults."""
    clips, repeated = _once_each(clips)
    faults, good, files = [*faults, *repeated], [], {}
    locate = _locator(root)
    for clip in clips:
        try:
            _check_scene(clip, scenes)
            files[clip.id] = locate(path_of(clip))
            good.append(clip)
        except Unusable as bad:
            faults.append(Fault(clip.id, bad.reason, bad.detail))
    states = tuple((str(path.relative_to(root)), *state) for path, state in files.values())

    def load(clip: Clip) -> Recording:
        return decode(files[clip.id][0], dataset.samples, fit)

    source = (fit, states)
    dataset = DataSet(name, tuple(scenes), tuple(good), seconds, load, source, split, tuple(faults))
    return dataset


def _once_each(clips: Sequence[Clip]) -> tuple[list[Clip], list[Fault]]:
    """The clips with one id each; of those listed more than once, the first if all its rows say the same."""
    rows = collections.defaultdict(list)
    for clip in clips:
        rows[posixpath.normpath(clip.id)].append(clip)
    kept = [same[0] for same in rows.values() if len(set(same)) == 1]
    faults = []
    for same in rows.values():
        if len(same) > 1:
            differing = ", which do not agree" if len(set(same)) > 1 else ""
            faults.append(Fault(same[0].id, "listed twice", f"in {len(same)} rows{differing}"))
    return kept, faults


def _check_scene(clip: Clip, scenes: Sequence[str]) -> None:
    if clip.scene not in scenes and (clip.scene or clip.labelled):
        raise Unusable("unknown scene", f"{clip.scene!r} is none of {', '.join(scenes)}")


def _locator(root: pathlib.Path) -> Callable[[str], tuple[pathlib.Path, tuple[int, int]]]:
    """Returns name -> (path, (bytes, modification time in ns)) of files under `root`.

    A name is also found with its ending in other case (or, if it has none, with one of SUFFIXES), and if the list and
    the disk write an accented letter in one and in two characters.
    """

    @cached
    def listing(folder: pathlib.Path) -> dict[str, str]:
        names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
        return {_same(name): name for name in reversed(names)}

    def find(path: pathlib.Path) -> pathlib.Path:
        names = listing(path.parent)
        endings = ("",) if path.suffix.lower() in SUFFIXES else SUFFIXES
        found = (names.get(_same(path.name + ending)) for ending in endings)
        return next((path.with_name(name) for name in found if name), path)

    def locate(name: str) -> tuple[pathlib.Path, tuple[int, int]]:
        inside = posixpath.normpath(name)
        if inside.startswith(("/", "../")) or inside in (".", ".."):
            raise Unusable("outside the folder", f"the list may only name files under {root}")
        path = root / inside
        try:
            path = path if path.is_file() else find(path)
            status = os.stat(path)
        except (OSError, ValueError) as error:  # ValueError: a null character in the name
            raise Unusable("missing", str(path)) from error
        if not stat.S_ISREG(status.st_mode):
            raise Unusable("unreadable", "is not a file")
        return path, (status.st_size, status.st_mtime_ns)

    return locate


def _same(name: str) -> str:
    """Equal for names that differ only in how accents are encoded or in the case of the ending."""
    stem, suffix = os.path.splitext(unicodedata.normalize("NFC", name))
    return stem + suffix.lower()

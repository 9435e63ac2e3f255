"""Data sets whose clips are files of sound."""

import collections
import dataclasses
import os
import pathlib
import posixpath
import stat
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from data_prep import ffmpeg
from data_prep.audio import decode
from data_prep.dataset import Clip, DataSet, Recording
from data_prep.faults import Fault, Unusable
from data_prep.nearest import nearest
from data_prep.typed import cached

SUFFIXES = (
    *(".wav", ".flac", ".ogg", ".mp3", ".wave", ".bwf", ".rf64", ".w64", ".aiff", ".aif", ".aifc"),
    *(".au", ".snd", ".caf", ".oga", ".opus", ".mp2", ".mpga", *ffmpeg.SUFFIXES),
)


def sound_files(folder: pathlib.Path) -> tuple[list[pathlib.Path], str]:
    """A folder's recordings, sub-folders and all, in the order of their paths; and what was passed over, by ending.

    Links to folders are followed, but not into a folder that they stand in. Hidden files are not looked at.
    """
    found, others = [], collections.Counter()
    for path in _walk(folder, frozenset()):
        if path.suffix.lower() in SUFFIXES:
            found.append(path)
        else:
            others[path.suffix.lower() or "without ending"] += 1
    counts = ", ".join(f"{count:,} {ending}" for ending, count in others.most_common())
    return sorted(found), f"passed over: {counts}" if counts else ""


def missing_extra(files: Sequence[pathlib.Path]) -> str:
    """How many of these files PyAV would read, if it is not installed."""
    count = sum(path.suffix.lower() in ffmpeg.SUFFIXES for path in files)
    if not count or ffmpeg.installed():
        return ""
    return f"{count:,} of {len(files):,} files are {': '.join(ffmpeg.EXTRA)}"


def _walk(folder: pathlib.Path, above: frozenset[tuple[int, int]]) -> Iterator[pathlib.Path]:
    """All files of a folder that are not hidden; `above` are the device and inode of the folders on the way."""
    status = folder.stat()
    here = status.st_dev, status.st_ino
    if here in above:
        return
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if not entry.name.startswith((".", "__MACOSX")))
    for name in names:
        if (folder / name).is_dir():
            yield from _walk(folder / name, above | {here})
        else:
            yield folder / name


def printable(name: str) -> str:
    """A name as text that any file can hold: bytes of it that are not UTF-8 are written as \\xNN."""
    return os.fsencode(name).decode(errors="backslashreplace")


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
    notes: Sequence[str] = (),
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
    dataset = DataSet(name, tuple(scenes), tuple(good), seconds, load, source, split, tuple(faults), tuple(notes))
    return dataset


def _once_each(clips: Sequence[Clip]) -> tuple[list[Clip], list[Fault]]:
    """The clips with one id each; of those listed more than once, the first if all its rows say the same."""
    rows = collections.defaultdict(list)
    for clip in clips:
        same_name = posixpath.normpath(clip.id)
        rows[same_name].append((dataclasses.replace(clip, id=same_name), clip))
    kept = [same[0][1] for same in rows.values() if len({plain for plain, _ in same}) == 1]
    faults = []
    for same in rows.values():
        if len(same) > 1:
            differing = ", which do not agree" if len({plain for plain, _ in same}) > 1 else ""
            faults.append(Fault(same[0][1].id, "listed twice", f"in {len(same)} rows{differing}"))
    return kept, faults


def _check_scene(clip: Clip, scenes: Sequence[str]) -> None:
    if clip.scene not in scenes and (clip.scene or clip.labelled):
        raise Unusable("unknown scene", f"{clip.scene!r} is none of {', '.join(scenes)}{nearest(clip.scene, scenes)}")


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
            raise Unusable("outside the folder", f"the list may only name files under {root.absolute()}, its folder")
        path = root / inside
        try:
            if "\\" in inside and not path.exists():  # as Windows writes it
                return locate(inside.replace("\\", "/"))
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

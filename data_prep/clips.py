"""The user's own recordings: a list (CSV) or a folder with one sub-folder per scene."""

import collections
import contextlib
import math
import pathlib

from data_prep import PrepareError
from data_prep.dataset import Clip, DataSet
from data_prep.faults import Fault, Unusable
from data_prep.files import file_dataset
from data_prep.folders import from_folder
from data_prep.labels import SPLITS, column, plain
from data_prep.nearest import nearest
from data_prep.tables import read_table

LABELLED_SPLITS = ("train", "validation", "test")
COLUMNS = ("filename", "scene_label", "truth", "split", "device", "city", "session")


def collect(recordings: pathlib.Path, seconds: float, fit: str) -> DataSet:
    """Lists the user's clips; the scenes are those of the labels, sorted.

    A list has the columns filename (relative to the list), scene_label (empty where unknown) and, optionally, split
    (train, validation, test), device, city, session, truth (the scene of a clip whose label is to be withheld); other
    columns are kept. In a folder, files outside the scenes' sub-folders, or in one named "unlabelled", are unlabelled;
    folders named train and test, or fold1 to foldN, hold the scenes' folders.
    """
    faults, notes = [], []
    if recordings.is_dir():
        root, (clips, faults, passed_over) = recordings, from_folder(recordings)
        split = "listed" if any(clip.split for clip in clips) else None
        notes = [f"{recordings}: {passed_over}"] if passed_over else []
    else:
        rows = [_known_columns(row) for row in read_table(recordings, ("filename", "scene_label"), column)]
        split = "listed" if any(row.get("split") for row in rows) else None
        root, (clips, faults) = recordings.parent, _from_rows(rows, split)
    scenes = _scenes(recordings, clips, faults)
    return file_dataset("clips", scenes, clips, root, seconds, fit, split, faults, notes=notes)


def _known_columns(row: dict[str, str]) -> dict[str, str]:
    """A row of a list with plain labels; DCASE's `identifier` (city-place) is its session and city."""
    row = dict(row)
    if "session" not in row and "identifier" in row:
        row["session"] = row.pop("identifier")
        if "city" not in row and "-" in row["session"]:
            row["city"] = row["session"].rsplit("-", 1)[0]
    row |= {name: plain(row[name]) for name in COLUMNS if name in row and name != "filename"}
    if "split" in row:
        row["split"] = SPLITS.get(row["split"].casefold(), row["split"])
    return row


def _from_rows(rows: list[dict[str, str]], split: str | None) -> tuple[list[Clip], list[Fault]]:
    clips, faults = [], []
    for row in rows:
        try:
            clips.append(_clip(row, split))
        except Unusable as bad:
            faults.append(Fault(row["filename"], bad.reason, bad.detail))
    return clips, faults


def _clip(row: dict[str, str], own: str | None) -> Clip:
    """One clip of a list; without a label it is in the split `unlabelled`, whichever the list names."""
    label, truth = row["scene_label"], row.get("truth", "")
    if label and truth and label != truth:
        raise Unusable("contradiction", f"scene_label is {label!r} but truth is {truth!r}")
    split = row.get("split", "")
    if own and label and split not in LABELLED_SPLITS:
        raise Unusable("unknown split", f"{split!r} is none of {', '.join(LABELLED_SPLITS)}{nearest(split, SPLITS)}")
    if not label and split not in ("", "train", "unlabelled"):
        raise Unusable("not labelled", f"in split {split!r} but without scene_label")
    _check_weight(row.get("weight", ""))
    known = {name: row.get(name, "") for name in ("device", "city", "session")}
    more = tuple((name, value) for name, value in row.items() if name not in COLUMNS)
    split = split if label else "unlabelled"
    return Clip(row["filename"], split, label or truth, bool(label), **known, columns=more)


def _check_weight(weight: str) -> None:
    """Unusable unless the weight of a clip in training is empty or a number of at least 0."""
    with contextlib.suppress(ValueError):
        if not weight or 0 <= float(weight) < math.inf:
            return
    raise Unusable("bad weight", f"{weight!r} is not a number of at least 0")


def _scenes(recordings: pathlib.Path, clips: list[Clip], faults: list[Fault]) -> list[str]:
    scenes = sorted({clip.scene for clip in clips if clip.labelled})
    if len(scenes) < 2:
        more = f"; if they are in {recordings / scenes[0]}, name that" if recordings.is_dir() and scenes else ""
        more += f"; {len(faults)} rows are bad, such as {faults[0].id}: {faults[0].detail}" if faults else ""
        raise PrepareError(
            f"{recordings}: labelled clips of {len(scenes)} scenes {scenes}; at least 2 are needed{more}"
        )
    spellings = collections.Counter(scene.casefold() for scene in scenes)
    for scene in scenes:
        if spellings[scene.casefold()] > 1:
            raise PrepareError(f"{recordings}: scene {scene!r} is also written in other case; choose one spelling")
    return scenes

"""A folder of recordings: its sub-folders are scenes, or splits or folds that hold the scenes' folders."""

import pathlib
import re

from data_prep import PrepareError
from data_prep.dataset import Clip
from data_prep.faults import Fault
from data_prep.files import printable, sound_files
from data_prep.labels import SPLITS, plain

UNLABELLED_FOLDERS = {"unlabelled", "unlabeled"}
FOLD = re.compile(r"fold[ _-]?\d+", re.IGNORECASE)


def from_folder(folder: pathlib.Path) -> tuple[list[Clip], list[Fault], str]:
    """(clips of a folder's files, whose ids are their paths, in that order; unusable names; what is no sound)."""
    files, passed_over = sound_files(folder)
    if not files:
        raise PrepareError(
            f"{folder}: no recording ({passed_over or 'it is empty'}); put those of a scene into a sub-folder named so"
        )
    paths = [list(path.relative_to(folder).parts) for path in files]
    layout = _layout(folder, paths)
    clips, faults = [], []
    for parts in paths:
        name = "/".join(parts)
        if printable(name) != name:
            faults.append(Fault(printable(name), "unreadable name", "its bytes are not UTF-8; rename it"))
        else:
            clips.append(_clip_of(parts, name, layout))
    return clips, faults, passed_over


def _layout(folder: pathlib.Path, paths: list[list[str]]) -> str:
    """What the first folders on the way to each file are: split, fold or scene; PrepareError if one cannot tell."""
    first = {parts[0] for parts in paths if len(parts) > 1}
    outer = {parts[0] for parts in paths if len(parts) > 2}  # of which these have folders in them
    of_kind = {
        "split": {name for name in first if name.casefold() in SPLITS},
        "fold": {name for name in first if FOLD.fullmatch(name)},
    }
    labelled = {name for name in first if name.casefold() not in UNLABELLED_FOLDERS}
    direct = {parts[0] for parts in paths if len(parts) == 2}
    for kind, names in of_kind.items():
        if labelled and labelled <= names and not direct & labelled:
            return kind
        if (labelled and labelled <= names) or names & outer & labelled:
            raise PrepareError(
                f"{folder}: {', '.join(sorted(names))} are {kind}s, not scenes: put a sub-folder for each scene into "
                "each and nothing beside them, or write a list with the columns filename, scene_label and split"
            )
    return "scene"


def _clip_of(parts: list[str], name: str, layout: str) -> Clip:
    """The clip of one file, by the folders that it is in. All of a fold count as one session: they stay together."""
    scene = parts[layout != "scene" :][:-1][:1]
    if not scene or UNLABELLED_FOLDERS & {parts[0].casefold(), scene[0].casefold()}:
        return Clip(name, "unlabelled" if layout == "split" else "", "", False)
    if layout == "scene":
        return Clip(name, "", plain(scene[0]), True)
    if layout == "fold":
        return Clip(name, "", plain(scene[0]), True, session=parts[0])
    return Clip(name, SPLITS[parts[0].casefold()], plain(scene[0]), True)

"""The user's own recordings: a list (CSV) or a folder with one sub-folder per scene."""

import dataclasses
import pathlib

from data_prep import PrepareError
from data_prep.audio import repeated
from data_prep.dataset import Clip, DataSet
from data_prep.files import file_dataset
from data_prep.holdout import hold_out
from data_prep.tables import read_table

SUFFIXES = {".wav", ".flac", ".ogg", ".mp3"}
UNLABELLED_FOLDERS = {"unlabelled", "unlabeled"}


def collect(recordings: pathlib.Path, seconds: float) -> DataSet:
    """Lists the user's clips: longer ones are cut to their beginning, shorter ones start over; scenes are sorted.

    A list has the columns filename (relative to the list), scene_label (empty where unknown) and, if wanted, split
    (train, validation, test), device, city, session, truth (the scene of a clip whose label is to be withheld). In a
    folder, files outside the scenes' sub-folders, or in one named "unlabelled", are unlabelled. Without splits a fifth
    of the labelled sessions, or clips where there is no session, is held out for the test.
    """
    if recordings.is_dir():
        folder, clips = recordings, _from_folder(recordings)
    else:
        folder, clips = recordings.parent, _from_list(recordings)
    scenes = sorted({clip.scene for clip in clips if clip.labelled})
    if len(scenes) < 2:
        raise PrepareError(f"{recordings}: labelled clips of {len(scenes)} scenes {scenes}; at least 2 are needed")
    if not any(clip.split for clip in clips):
        clips = hold_out(clips)
    clips = [clip if clip.labelled else _without_label(clip) for clip in clips]
    _check_splits(clips)
    return file_dataset("clips", scenes, clips, seconds, lambda clip: folder / clip.id, repeated)


def _from_folder(folder):
    """Clips of a folder's files in the order of their paths, which are their ids; hidden files are passed over."""
    clips = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in parts):
            scene = parts[0] if len(parts) > 1 and parts[0].lower() not in UNLABELLED_FOLDERS else ""
            clips.append(Clip("/".join(parts), "", scene, bool(scene)))
    if not clips:
        raise PrepareError(f"{folder}: no wav, flac, ogg or mp3 file; put those of a scene into a sub-folder named so")
    return clips


def _from_list(path):
    return [_clip(row) for row in read_table(path, ("filename", "scene_label"))]


def _clip(row):
    label, truth = row["scene_label"], row.get("truth", "")
    if label and truth and label != truth:
        raise PrepareError(f"{row['filename']}: scene_label is {label!r} but truth is {truth!r}; correct one of them")
    known = {column: row.get(column, "") for column in ("device", "city", "session")}
    return Clip(row["filename"], row.get("split", ""), label or truth, bool(label), **known)


def _without_label(clip):
    """An unlabelled clip serves training, so it leaves the training split; in the others it is a mistake."""
    if clip.split not in ("", "train", "unlabelled"):
        raise PrepareError(f"{clip.id}: in split {clip.split!r} but without scene_label; give its scene")
    return dataclasses.replace(clip, split="unlabelled")


def _check_splits(clips):
    """Each labelled clip has a split, and no scene is tested that was never taught."""
    taught = {clip.scene for clip in clips if clip.labelled and clip.split == "train"}
    for clip in clips:
        if clip.labelled and clip.split not in ("train", "validation", "test"):
            raise PrepareError(f"{clip.id}: split is {clip.split!r}; give train, validation or test")
        if clip.labelled and clip.scene not in taught:
            raise PrepareError(f"{clip.id}: in split {clip.split!r}, but no training clip has the scene {clip.scene!r}")

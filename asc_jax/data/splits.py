"""Splits: training and test clips by a column of the clips' table, or by holding out a group."""

import warnings
import zlib
from pathlib import Path

import pandas

from asc_jax.data.records import Clips, Records, read_clips
from asc_jax.errors import UserError

SPLITS = ("train", "validation", "test", "unlabelled", "source", "evaluation", "")  # "" is in no split
LABELLED = ("train", "validation", "test")  # clips of these are split anew where a group is held out; others stay
GROUPS = ("city", "device")  # columns of which a split holds one value out
FOLDS = 5  # one of them is held out; fewer where sessions are fewer


def open_records(path: Path, split: str | None = None, test_fold: str | None = None) -> Records:
    """Opens a prepared data set, split in one of its ways.

    Args:
        path: the folder that data_prep.prepare returned.
        split: "session" tests one of five stratified folds of sessions, "city" the clips of one city, "device" those of
            one device; any other name is a column whose values are splits. None is the data set's own way, else
            "session".
        test_fold: the fold (1 to 5; by default the one that tests most scenes, of those that leave clips of every scene
            to train on), the city or the device.

    Raises:
        UserError: there is no such split, or a scene has no clip to learn from.
    """
    clips, own = read_clips(path)
    own_splits = _from_column(path, clips, own) if own else _by_label(clips)
    name = split or own
    if name in GROUPS:
        name, splits = _hold_out_group(path, clips, own_splits, name, test_fold)
    elif name == "session" or name is None:
        if name and not clips.table[name].any():
            raise UserError(f"{path}: --split session: the session of no clip is known; see data_prep/README.md")
        name, splits = _hold_out_fold(path, clips, own_splits, test_fold)
    else:
        if test_fold is not None:
            raise UserError(f"{path}: split '{name}' holds nothing out; say --split session, city or device, too")
        splits = own_splits if name == own else _from_column(path, clips, name)
    _check_trained_on(path, clips, splits, name)
    return Records(path, clips, f"{name} ({zlib.crc32(chr(10).join(splits).encode()):08x})", splits)


def folds(path: Path, split: str) -> list[str]:
    """What `test_fold` can be of a data set: the folds of its sessions, or its cities or devices.

    UserError where there are fewer than two.
    """
    clips, own = read_clips(path)
    own_splits = _from_column(path, clips, own) if own else _by_label(clips)
    found = groups(clips, own_splits, split) if split in GROUPS else list(_session_folds(clips, own_splits))
    if len(found) < 2:
        raise UserError(
            f"{path}: labelled clips of {len(found)} {split} folds; at least 2 are needed to cross-validate"
        )
    return found


def reopen_records(path: Path, split: str) -> Records:
    """The records under the split that `Records.split_by` names; UserError if they have changed since."""
    kind, _, test_fold = split.rpartition(" (")[0].partition(" ")
    if kind == "session" and test_fold:
        _, own = read_clips(path)
        records = open_records(path, kind if own else None, test_fold)  # by default also of clips without sessions
    elif kind in GROUPS and test_fold:
        records = open_records(path, kind, test_fold)
    else:
        records = open_records(path, split.rpartition(" (")[0])
    if records.split_by != split:
        raise UserError(f"{path}: its clips are no longer split as {split}, but as {records.split_by}")
    return records


def _by_label(clips: Clips) -> pandas.Series:
    return clips.table["label"].eq("").map({True: "unlabelled", False: "train"})


def _from_column(path: Path, clips: Clips, name: str) -> pandas.Series:
    if name not in clips.table:
        raise UserError(f"{path}: no split '{name}'; choose session, city, device or a column of the list")
    splits = clips.table[name]
    if not splits.isin(SPLITS).all():
        wrong = splits[~splits.isin(SPLITS)].iloc[0]
        raise UserError(f"{path}: column '{name}' is no split: it says '{wrong}'; use {', '.join(SPLITS[:-1])}")
    return splits.mask(splits.eq("train") & clips.table["label"].eq(""), "unlabelled")


def groups(clips: Clips, own: pandas.Series, column: str) -> list[str]:
    """The cities or devices of labelled clips, each of which can be held out."""
    return sorted(set(clips.table[column][own.isin(LABELLED)]) - {""})


def _hold_out_group(
    path: Path, clips: Clips, own: pandas.Series, column: str, group: str | None
) -> tuple[str, pandas.Series]:
    known = groups(clips, own, column)
    if group not in known:
        nothing = f"the {column} of no clip is known; see data_prep/README.md"
        choice = f"it has {', '.join(known)}" if known else nothing
        needed = f"--split {column} needs --test-fold {column.upper()}"
        wrong = needed if group is None else f"there is no {column} '{group}'"
        raise UserError(f"{path}: {wrong}; {choice}")
    return f"{column} {group}", _hold_out(own, clips.table[column].eq(group))


def _session_folds(clips: Clips, own: pandas.Series) -> dict[str, pandas.Series]:
    """The number of a fold of sessions -> the splits that test it; a clip of no known session is one by itself."""
    sessions = clips.table["session"].where(clips.table["session"].ne(""), "clip " + clips.table["id"])
    labelled = own.isin(LABELLED)
    folds = _folds(clips.table["label"][labelled], sessions[labelled])
    return {str(number): _hold_out(own, sessions.isin(tested)) for number, tested in enumerate(folds, 1)}


def _hold_out_fold(path: Path, clips: Clips, own: pandas.Series, fold: str | None) -> tuple[str, pandas.Series]:
    """Tests one fold of sessions."""
    splits = _session_folds(clips, own)
    if not splits:
        raise UserError(f"{path}: too few labelled clips to hold some out for the test: add clips or a split column")
    if fold is None:  # the first of those that test most scenes, among those whose training clips have all
        labels = clips.table["label"]
        fold = max(splits, key=lambda each: [labels[splits[each] == split].nunique() for split in ("train", "test")])
    if fold not in splits:
        raise UserError(f"{path}: --split session has no fold '{fold}' to hold out; choose 1 to {len(splits)}")
    return f"session {fold}", splits[fold]


def _hold_out(own: pandas.Series, tested: pandas.Series) -> pandas.Series:
    """Splits the labelled clips anew; unlabelled ones that share what is tested are in no split."""
    labelled = own.isin(LABELLED)
    return own.mask(labelled, "train").mask(labelled & tested, "test").mask(own.eq("unlabelled") & tested, "")


def _folds(scenes: pandas.Series, groups: pandas.Series) -> list[set[str]]:
    """The groups that each fold tests; scikit-learn's seed is fixed, so they are the same each time."""
    from sklearn.model_selection import StratifiedGroupKFold

    count = min(FOLDS, scenes.value_counts().max(), groups.nunique())
    if count < 2:
        return []
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=0)
    with warnings.catch_warnings():  # of scenes with fewer clips than folds, which _check_trained_on reports
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return [set(groups.iloc[tested]) for _, tested in splitter.split(scenes, scenes, groups)]


def _check_trained_on(path: Path, clips: Clips, splits: pandas.Series, name: str) -> None:
    for split in ("train", "source"):
        missing = set(clips.scenes) - set(clips.table["label"][splits == split])
        if missing and (splits == split).any():
            scenes = ", ".join(sorted(missing))
            raise UserError(
                f"{path}, split {name}: no clip in '{split}' is labelled {scenes}; label one, or leave that scene out"
            )

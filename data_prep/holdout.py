"""Which clips test a classifier when the user has not said so."""

import collections
import dataclasses
import warnings
from collections.abc import Sequence

import numpy as np

from data_prep import PrepareError
from data_prep.dataset import Clip

FOLDS = 5  # one of them is held out; fewer where clips or sessions are fewer


def hold_out(clips: Sequence[Clip]) -> list[Clip]:
    """Puts a fifth of the labelled clips, stratified by scene, into the test split and the others into train.

    Sessions, where there are any, stay whole. Of scikit-learn's folds it takes, among those that leave every scene a
    training clip, the first with the most scenes; PrepareError if no fold does.
    """
    labelled = [clip for clip in clips if clip.labelled]
    scenes = np.array([clip.scene for clip in labelled])
    held_out = max(
        (test for train, test in _folds(labelled, scenes) if set(scenes[train]) == set(scenes)),
        key=lambda test: len(set(scenes[test])),
        default=(),
    )
    if not len(held_out):
        raise PrepareError("the labelled clips are too few to hold some out for the test: add clips or a split column")
    test_ids = {labelled[i].id for i in held_out}
    return [dataclasses.replace(clip, split="test" if clip.id in test_ids else "train") for clip in clips]


def _folds(clips, scenes):
    """Yields (train, test) indices; the seed is fixed, so that the same clips are held out each time."""
    from sklearn.model_selection import StratifiedGroupKFold

    groups = [f"session {clip.session}" if clip.session else f"clip {clip.id}" for clip in clips]
    count = min(FOLDS, max(collections.Counter(scenes).values()), len(set(groups)))
    if count < 2:
        return
    folds = StratifiedGroupKFold(count, shuffle=True, random_state=0)
    with warnings.catch_warnings():  # it warns of scenes with fewer clips than folds, which hold_out looks after
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        yield from folds.split(scenes, scenes, groups)

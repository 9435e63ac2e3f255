"""Precision, recall and F1 of each scene."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import confusion_matrix

from asc_jax.evaluate.predict import Predictions


@dataclass(frozen=True)
class SceneScores:
    """Shares of the clips of one scene; NaN where there is none to take a share of."""

    scene: str
    clips: int
    precision: float
    recall: float
    f1: float


def per_scene(predictions: Predictions) -> list[SceneScores]:
    """The scores of every scene, in the order of the network's scenes."""
    counts = confusion_matrix(predictions.truth, predictions.label, labels=np.arange(len(predictions.scenes)))
    rows = zip(predictions.scenes, np.diag(counts), counts.sum(1), counts.sum(0), strict=True)
    return [
        SceneScores(scene, int(clips), _share(right, taken), _share(right, clips), _share(2 * right, taken + clips))
        for scene, right, clips, taken in rows
    ]


def _share(part: int, total: int) -> float:
    return part / total if total else np.nan

"""Scores of a set of predictions: margin-free accuracy, overall and per group, and macro accuracy."""

from collections.abc import Sequence

import numpy as np

from asc_jax.evaluate.predict import Predictions


def accuracy(predictions: Predictions) -> float:
    """Share of clips whose largest cosine is the true scene's."""
    return float(np.mean(predictions.label == predictions.truth))


def macro_accuracy(predictions: Predictions) -> float:
    """Mean, over the scenes that occur, of the share of their clips that are recognised."""
    return float(np.mean(list(accuracy_per_scene(predictions).values())))


def accuracy_per_scene(predictions: Predictions) -> dict[str, float]:
    """Scene -> share of its clips that are recognised, for the scenes that occur."""
    return accuracy_per_group(predictions, [predictions.scenes[truth] for truth in predictions.truth])


def accuracy_per_group(predictions: Predictions, groups: Sequence[str]) -> dict[str, float]:
    """Group -> accuracy on its clips, in alphabetical order; `groups` names one for each clip."""
    right = predictions.label == predictions.truth
    groups = np.array(groups)
    return {str(name): float(right[groups == name].mean()) for name in np.unique(groups)}

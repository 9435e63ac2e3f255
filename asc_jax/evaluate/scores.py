"""Scores of a set of predictions, margin-free unless said otherwise, and how far chance could have moved them.

A score is a function of predictions and weights [..., M] of their clips; it returns one value for each set of weights.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from asc_jax.evaluate.predict import Predictions
from asc_jax.net.arcface import margin_logits

RESAMPLES = 1000
BINS = 15  # of confidence, as in C. Guo et al., On calibration of modern neural networks, ICML 2017
Score = Callable[[Predictions, np.ndarray], np.ndarray]


def accuracy(predictions: Predictions, weight: np.ndarray) -> np.ndarray:
    """Share of clips whose largest cosine is the true scene's."""
    return _mean(predictions.label == predictions.truth, weight)


def macro_accuracy(predictions: Predictions, weight: np.ndarray) -> np.ndarray:
    """Mean, over the scenes that have weight, of the share of their clips that are recognised."""
    of_scene = [predictions.truth == scene for scene in np.unique(predictions.truth)]
    shares = [_mean((predictions.label == predictions.truth)[chosen], weight[..., chosen]) for chosen in of_scene]
    return np.nanmean(shares, axis=0)


def log_loss(predictions: Predictions, weight: np.ndarray) -> np.ndarray:
    """Mean negative logarithm of the true scene's probability, in nats."""
    probability = predictions.probability[np.arange(len(predictions.truth)), predictions.truth]
    return _mean(-np.log(np.maximum(probability, np.finfo(float).tiny)), weight)


def calibration_error(predictions: Predictions, weight: np.ndarray) -> np.ndarray:
    """Expected calibration error: by how much the confidence misses the accuracy, over 15 bins of it."""
    confidence, bins = binned_confidence(predictions)
    gap = (predictions.label == predictions.truth) - confidence
    gaps = [np.abs(weight[..., bins == each] @ gap[bins == each]) for each in range(BINS)]
    return np.sum(gaps, axis=0) / weight.sum(-1)


def binned_confidence(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """The confidence in each clip's scene [M], and which of 15 bins of equal width it is in, from 0 on [M]."""
    confidence = predictions.confidence
    return confidence, np.minimum((confidence * BINS).astype(int), BINS - 1)


def released_accuracy(predictions: Predictions, weight: np.ndarray) -> np.ndarray:
    """The released code's way of counting: the margin stands on the true scene, which makes it harder to recognise."""
    label = np.asarray(margin_logits(predictions.cosine, predictions.truth)).argmax(1)
    return _mean(label == predictions.truth, weight)


@dataclass(frozen=True)
class Interval:
    """A value, and the limits between which 95 % of the resamples lie: NaN where it has none."""

    value: float
    low: float
    high: float


def interval(score: Score, predictions: Predictions, resampled: np.ndarray) -> Interval:
    """A score with its bootstrap interval; `resampled` are the clips' columns of `resample_sessions`.

    The calibration error has none: it is biased upwards, the more so in resamples, and no network's is below 0, where
    the bootstrap fails (A. Kumar et al., Verified uncertainty calibration, NeurIPS 2019; D. Andrews, Inconsistency of
    the bootstrap when a parameter is on the boundary of the parameter space, Econometrica 2000).
    """
    value = float(score(predictions, np.ones(len(predictions.truth))))
    count = int(sessions(predictions).max()) + 1
    if count == 1 or score is calibration_error:
        return Interval(value, np.nan, np.nan)
    low, high = limits(score(predictions, resampled))
    if low == high and score in (accuracy, macro_accuracy, released_accuracy):
        low, high = exact_limits(value, count)
    return Interval(value, low, high)


def exact_limits(value: float, count: int, error: float = 0.05) -> tuple[float, float]:
    """Those of Clopper and Pearson where `count` sessions are alike, such as all right: resampling finds no others."""
    found = binomtest(round(value * count), count).proportion_ci(1 - error, method="exact")
    return float(found.low), float(found.high)


def limits(values: np.ndarray, error: float = 0.05) -> tuple[float, float]:
    """The central 1 - error of the resampled values; those that could not be computed are left out."""
    low, high = np.nanquantile(values, (error / 2, 1 - error / 2))
    return float(low), float(high)


def sessions(predictions: Predictions) -> np.ndarray:
    """The number of each clip's session [M], from 0 on; a clip whose session is unknown is one by itself."""
    names = zip(predictions.details["session"], predictions.details["id"], strict=True)
    return np.unique([session or f"clip {name}" for session, name in names], return_inverse=True)[1]


def resample_sessions(predictions: Predictions) -> np.ndarray:
    """How often each clip is in each of the bootstrap's resamples, float32 [RESAMPLES, M].

    Whole sessions are drawn, with replacement: clips of one session resemble each other, and drawing clips would
    promise more than they show (A. Davison and D. Hinkley, Bootstrap methods and their application, section 3.8).
    """
    return resample(sessions(predictions), np.random.default_rng(0)).astype(np.float32)


def resample(groups: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """How often each clip is in each resample of whole groups, numbers [M] from 0: int [RESAMPLES, M]."""
    count = groups.max() + 1
    return random.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)[:, groups]


def _mean(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The weighted mean, NaN where nothing has weight."""
    total = weight.sum(-1)
    return np.divide(weight @ values, total, out=np.full(np.shape(total), np.nan), where=total > 0)

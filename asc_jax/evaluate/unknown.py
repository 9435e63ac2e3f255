"""How well recordings of other places are separated from those of a network's scenes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from asc_jax.evaluate import scores
from asc_jax.evaluate.predict import Predictions
from asc_jax.evaluate.scores import Interval, limits, resample

TRUE_POSITIVES = 0.95  # share of the known clips at which false positives are counted


@dataclass(frozen=True)
class Detection:
    """Known is the positive class, as S. Liang et al. (ICLR 2018) have it; the score is that of Calibration.

    `auroc` is the chance that a known clip has a higher score than an unknown one, `false_positives` the share of the
    unknown ones above the score that 95 % of the known ones reach. The last two are the shares of the known and of the
    unknown clips that the run's own threshold calls unknown, None where it has none.
    """

    known: int
    unknown: int
    auroc: Interval
    false_positives: Interval
    known_called_unknown: float | None
    unknown_called_unknown: float | None


def detect(known: Predictions, cosine: np.ndarray, files: Sequence[PurePath]) -> Detection:
    """Of M known clips and of N unknown ones, cosines [N, scenes] with the files they are of, in one folder.

    Intervals are over sessions; those of the unknown clips are sub-folders of that folder, and files in it.
    """
    sessions = [scores.sessions(known), np.unique([file.parts[0] for file in files], return_inverse=True)[1]]
    both = [known.calibration.score(each) for each in (known.cosine, cosine)]
    values, is_known = np.concatenate(both), np.arange(len(known.truth) + len(cosine)) < len(known.truth)
    random = np.random.default_rng(0)
    resampled = np.concatenate([resample(each, random) for each in sessions], axis=1)
    found = np.array([rates(is_known, values, weight) for weight in resampled]).T
    several = min(each.max() for each in sessions) > 0
    auroc, false_positives = (
        Interval(value, *(limits(each) if several else (np.nan, np.nan)))
        for value, each in zip(rates(is_known, values, np.ones(len(values))), found, strict=True)
    )
    threshold = known.calibration.threshold
    below = (None if threshold is None else float(np.mean(each < threshold)) for each in both)
    return Detection(len(known.truth), len(cosine), auroc, false_positives, *below)


def rates(is_known: np.ndarray, score: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """(AUROC, share of the unknown clips that pass where 95 % of the known ones do), of weighted clips, all [M]."""
    from sklearn.metrics import auc, roc_curve

    chosen = weight > 0
    false, true, _ = roc_curve(is_known[chosen], score[chosen], sample_weight=weight[chosen], drop_intermediate=False)
    return float(auc(false, true)), float(false[np.argmax(true >= TRUE_POSITIVES - 1e-9)])

"""Whether one experiment is better than another: differences on the same clips, and how far chance could move them."""

import json
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from asc_jax.errors import UserError
from asc_jax.evaluate.runs import FinishedRound, ancestors
from asc_jax.evaluate.scores import Interval, exact_limits, limits, resample, resample_sessions, sessions

ERROR = 0.05  # chance of one false claim or more among all comparisons


@dataclass(frozen=True)
class Comparison:
    """The accuracy of `second` less that of `first`; McNemar's exact p where each is one training."""

    first: str
    second: str
    accuracies: tuple[float, float]
    difference: Interval
    mcnemar: float | None
    level: float
    verdict: str


def compare(rounds: list[FinishedRound]) -> list[Comparison]:
    """Compares the first experiment with every other one; rounds that differ in the seed alone are one experiment.

    A difference is claimed if its bootstrap interval over sessions (and over seeds, where an experiment has several)
    leaves out zero and, of one training and another, McNemar's test agrees; errors are shared among the comparisons
    (Bonferroni). Rounds of one experiment alone are compared one by one, which shows the spread between seeds, and
    nothing about a method.
    """
    _check_same_clips(rounds)
    sides = _experiments(rounds)
    seeds_alone = len(sides) == 1
    if seeds_alone:
        sides = [[each] for each in rounds]
    pairs = [(sides[0], other) for other in sides[1:]]
    return [_compare(*pair, ERROR / len(pairs), seeds_alone) for pair in pairs]


def mcnemar(first: np.ndarray, second: np.ndarray) -> float:
    """Two-sided exact p that two networks, right or wrong on the same clips (bool [M]), are equally often right."""
    gained, lost = int((second & ~first).sum()), int((first & ~second).sum())
    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


Side = list[FinishedRound]  # an experiment: the same round with one seed or several


def _experiments(rounds: list[FinishedRound]) -> list[Side]:
    """Rounds grouped by all settings but the seed, their own and those of the rounds they descend from."""
    groups = {}
    for each in rounds:
        settings = [other.settings | {"seed": None} for other in ancestors(each)]
        groups.setdefault(json.dumps(settings, sort_keys=True), []).append(each)
    return list(groups.values())


def _check_same_clips(rounds: list[FinishedRound]) -> None:
    if len(rounds) < 2:
        raise UserError("comparing needs two runs or more: asc-jax compare RUN RUN")
    first = rounds[0]
    for other in rounds[1:]:
        ours, theirs = (_truths(each) for each in (first, other))
        if ours != theirs:
            shared = len(ours.items() & theirs.items())
            counts = f"{len(ours)} and {len(theirs)} clips, {shared} the same"
            raise UserError(f"{first.folder} and {other.folder} were not tested on the same clips ({counts})")


def _truths(round_: FinishedRound) -> dict[str, str]:
    predictions = round_.predictions
    names = (predictions.scenes[truth] for truth in predictions.truth)
    return dict(zip(predictions.details["id"], names, strict=True))


def _compare(first: Side, second: Side, error: float, seeds_alone: bool) -> Comparison:
    predictions = first[0].predictions
    rights = [_right(side, predictions.details["id"]) for side in (first, second)]  # [seeds, M]
    before, after = (float(right.mean()) for right in rights)
    p = mcnemar(rights[0][0], rights[1][0]) if len(first) == len(second) == 1 else None
    count = int(sessions(predictions).max()) + 1
    if count > 1 and {before, after} <= {0, 1}:
        (low, high), (other_low, other_high) = (exact_limits(value, count, error) for value in (after, before))
        low, high = low - other_high, high - other_low
    elif count > 1:
        low, high = limits(_differences(rights, resample_sessions(predictions)), error)
    else:
        low, high = np.nan, np.nan
    difference = Interval(after - before, low, high)
    names = [", ".join(str(each.folder) for each in side) for side in (first, second)]
    verdict = _verdict(difference, p, error, seeds_alone, min(len(first), len(second)))
    return Comparison(names[0], names[1], (before, after), difference, p, 1 - error, verdict)


def _right(side: Side, ids: list[str]) -> np.ndarray:
    """Whether each training was right on each of the clips, bool [seeds, M]."""
    rows = []
    for each in side:
        predictions = each.predictions
        right = dict(zip(predictions.details["id"], predictions.label == predictions.truth, strict=True))
        rows.append([right[name] for name in ids])
    return np.array(rows)


def _differences(rights: list[np.ndarray], resampled: np.ndarray) -> np.ndarray:
    """Resampled differences in accuracy [RESAMPLES]."""
    random = np.random.default_rng(1)
    means = []
    for right in rights:
        seeds = resample(np.arange(len(right)), random) / len(right)
        means.append(((seeds @ right) * resampled).sum(1) / resampled.sum(1))
    return means[1] - means[0]


def _verdict(difference: Interval, p: float | None, error: float, seeds_alone: bool, seeds: int) -> str:
    if seeds_alone:
        return "Only the seed differs: this is chance in training, not a difference between methods."
    if np.isnan(difference.low):
        return "No difference shown: all clips are of one session."
    if difference.low <= 0 <= difference.high or (p is not None and p >= error):
        return "No difference shown."
    better = "The second is better" if difference.value > 0 else "The first is better"
    alone = ", for these two trainings (other seeds were not tried)" if seeds == 1 else ""
    return f"{better} on clips like these{alone}."

"""The accuracy of every round, so that one sees what each phase brought."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from asc_jax.evaluate import scores
from asc_jax.evaluate.evaluation import SEEN, seen
from asc_jax.evaluate.runs import FinishedRound, ancestors
from asc_jax.evaluate.scores import Interval
from asc_jax.report.run import Run
from asc_jax.report.style import BLUE, GREEN, ORANGE, new_figure

LOOKS = {"all clips": (BLUE, "o"), "unseen devices": (ORANGE, "D"), "unseen cities": (GREEN, "s")}


def accuracy_of_rounds(run: Run) -> tuple[Figure, str]:
    """Accuracy of every round, of all clips and of those of devices and cities that the last round has not seen.

    A line joins the rounds of the last one's chain that were tested on the same clips; others are points.
    """
    chain = {each.folder for each in ancestors(run.last)}
    joined = [each.folder in chain and _same_clips(each, run.last) for each in run.rounds]
    series = accuracies(run)
    figure = new_figure(3.2)
    axes = figure.subplots()
    for number, (name, intervals) in enumerate(series.items()):
        _draw(axes, 0.08 * (number - (len(series) - 1) / 2), name, intervals, joined)
    names = [each.name if _same_clips(each, run.last) else f"{each.name}*" for each in run.rounds]
    axes.set_xticks(range(len(names)), names, rotation=90 if len(names) > 4 else 0)
    axes.set(ylabel="accuracy in %", ylim=(0, 100), xlim=(-0.5, len(names) - 0.5))
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    texts = [
        f"{name} {', '.join(f'{100 * each.value:.1f}' for each in intervals)}" for name, intervals in series.items()
    ]
    return figure, f"Accuracy in % of the rounds {', '.join(names)}: {'; '.join(texts)}."


def accuracies(run: Run) -> dict[str, list[Interval]]:
    """Name of a group of clips -> its accuracy in every round; NaN in rounds that were tested on other clips."""
    found = {"all clips": [each.scores["accuracy"] for each in run.evaluations]}
    for kind, plural in SEEN.items():
        trained_on = seen(run.last, kind)
        unseen = np.array([bool(name) and name not in trained_on for name in run.last.predictions.details[kind]])
        if trained_on and unseen.any() and not unseen.all():
            found[f"unseen {plural}"] = [_accuracy(each, unseen, run.last) for each in run.rounds]
    return found


def _accuracy(round_: FinishedRound, chosen: np.ndarray, last: FinishedRound) -> Interval:
    if not _same_clips(round_, last):
        return Interval(np.nan, np.nan, np.nan)
    resampled = scores.resample_sessions(round_.predictions)
    return scores.interval(scores.accuracy, round_.predictions.subset(chosen), resampled[:, chosen])


def _same_clips(round_: FinishedRound, last: FinishedRound) -> bool:
    return round_.predictions.details["id"] == last.predictions.details["id"]


def _draw(axes: Axes, shift: float, name: str, intervals: list[Interval], joined: list[bool]) -> None:
    colour, marker = LOOKS[name]
    values, low, high = 100 * np.array([[each.value, each.low, each.high] for each in intervals]).T
    positions = np.arange(len(values)) + shift
    axes.vlines(positions, low, high, color=colour)
    axes.plot(positions, values, marker, color=colour, label=name, clip_on=False)
    axes.plot(positions[joined], values[joined], color=colour, linewidth=1)

"""Accuracy per scene, device and city."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from asc_jax.evaluate.evaluation import Evaluation, Group
from asc_jax.report.run import Missing
from asc_jax.report.style import BLUE, GREY, new_figure


def accuracy_per(evaluation: Evaluation, *kinds: str) -> tuple[Figure, str]:
    """A row for each group of these kinds, with the interval of its accuracy over sessions."""
    groups = {kind: evaluation.groups[kind] for kind in kinds if kind in evaluation.groups}
    if not groups:
        raise Missing(f"the {kinds[0]} of no tested clip is known.")
    figure = new_figure(0.8 + sum(0.3 + 0.22 * len(each) for each in groups.values()))
    heights = [0.3 + 0.22 * len(each) for each in groups.values()]
    axes = figure.subplots(len(groups), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    overall = 100 * evaluation.scores["accuracy"].value
    for each, (kind, rows) in zip(axes, groups.items(), strict=True):
        _draw_rows(each, rows)
        each.axvline(overall, color=GREY, linestyle="--", linewidth=1)
        each.set_title(kind if len(groups) > 1 else "", loc="left")
    axes[-1].set(xlabel="accuracy in %", xlim=(0, 100))
    values = [f"{name} {100 * row.accuracy.value:.1f} %" for rows in groups.values() for name, row in rows.items()]
    per = " and ".join(groups)
    return figure, f"Accuracy of {evaluation.round} per {per}: {', '.join(values)}; all {overall:.1f} %."


def _draw_rows(axes: Axes, rows: dict[str, Group]) -> None:
    positions = np.arange(len(rows))
    accuracies = 100 * np.array([[row.accuracy.value, row.accuracy.low, row.accuracy.high] for row in rows.values()])
    axes.hlines(positions, accuracies[:, 1], accuracies[:, 2], color=BLUE)
    axes.plot(accuracies[:, 0], positions, "o", color=BLUE, clip_on=False)
    labels = [f"{name.replace('_', ' ')} ({row.clips})" for name, row in rows.items()]
    axes.set_yticks(positions, labels)
    axes.set_ylim(len(rows) - 0.5, -0.5)

"""Pseudo-labels of the network before (figures 3 and 4 of the paper)."""

import numpy as np
import pandas
from matplotlib.figure import Figure

from asc_jax.report.run import Missing, Run
from asc_jax.report.style import BLUE, GREEN, GREY, ORANGE, new_figure

BINS = 50
LEVELS = 10  # of weight, with as many clips each


def per_scene(run: Run) -> tuple[Figure, str]:
    """How many pseudo-labels each scene got, and where the truth is known, how many of them are right."""
    table, scenes = _table(run), run.last_of("pseudolabel").predictions.scenes
    figure = new_figure(0.9 + 0.22 * len(scenes))
    axes = figure.subplots()
    left = np.zeros(len(scenes))
    kinds = {"right": GREEN, "wrong": ORANGE, "truth unknown": GREY}
    for kind, colour in kinds.items():
        counts = table["scene"][table["is"] == kind].value_counts().reindex(scenes, fill_value=0)
        if counts.any():
            axes.barh([scene.replace("_", " ") for scene in scenes], counts, left=left, color=colour, label=kind)
            left += counts.to_numpy()
    axes.invert_yaxis()
    axes.set_xlabel("pseudo-labels")
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    text = ", ".join(f"{scene} {count:.0f}" for scene, count in zip(scenes, left, strict=True))
    return figure, f"Pseudo-labels per scene: {text}."


def weights(run: Run) -> tuple[Figure, str]:
    """How the pseudo-labels weigh in training, in 50 bins; the weight grows with the network's confidence."""
    values = _table(run)["weight"]
    figure = new_figure(2.6)
    axes = figure.subplots()
    axes.hist(values, BINS, color=BLUE)
    axes.set(xlabel="weight in training", ylabel="clips")
    text = f"from {values.min():.3f} to {values.max():.3f}, half of them above {values.median():.3f}"
    return figure, f"Histogram of the weights of {len(values)} pseudo-labels: {text}."


def accuracy_by_weight(run: Run) -> tuple[Figure, str]:
    """How many pseudo-labels are right among those of more and of less weight, which are the more confident ones."""
    table = _table(run)
    table = table[table["is"] != "truth unknown"]
    if table.empty:
        raise Missing("the true scene of no unlabelled clip is known.")
    ranks = table["weight"].rank(method="first")
    level = pandas.cut(ranks, min(LEVELS, len(table)), labels=False)
    groups = table.assign(right=table["is"].eq("right")).groupby(level)
    share, weight = 100 * groups["right"].mean(), groups["weight"].mean()
    figure = new_figure(2.8)
    axes = figure.subplots()
    axes.plot(weight, share, color=BLUE, marker="o")
    axes.set(xlabel=f"mean weight of each {len(share)}th of the clips", ylabel="right in %", ylim=(0, 102))
    right = table["is"].eq("right")
    weighted = 100 * np.average(right, weights=table["weight"]) if table["weight"].any() else np.nan
    axes.axhline(100 * right.mean(), color=GREY, linestyle="--", label=f"all: {100 * right.mean():.1f} %")
    axes.axhline(weighted, color=ORANGE, linestyle=":", label=f"weighted as in training: {weighted:.1f} %")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    text = ", ".join(f"{value:.0f} %" for value in share)
    return figure, f"Pseudo-labels that are right, from the {len(share)}th of least weight to that of most: {text}."


def _table(run: Run) -> pandas.DataFrame:
    """The pseudo-labels, with a column "is": right, wrong or truth unknown."""
    each = run.last_of("pseudolabel")
    if each.pseudo_labels is None or each.pseudo_labels.empty:
        raise Missing(f"{each.name} has no pseudo_labels.csv.")
    table = each.pseudo_labels
    right = table["truth"].eq(table["scene"]).map({True: "right", False: "wrong"})
    return table.assign(**{"is": right.mask(table["truth"].eq(""), "truth unknown")})

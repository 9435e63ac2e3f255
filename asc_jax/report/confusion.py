"""Confusion matrices (figures 5 to 7 of the paper)."""

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from asc_jax.evaluate.runs import FinishedRound
from asc_jax.report.style import new_figure

MOST_NUMBERS = 15  # scenes; more leave no room for numbers in the cells


def confusion(round_: FinishedRound) -> tuple[Figure, str]:
    """The confusion matrix of the test clips; brightness is the share of the true scene's clips."""
    predictions = round_.predictions
    labels = np.arange(len(predictions.scenes))
    counts = confusion_matrix(predictions.truth, predictions.label, labels=labels)  # [truth, predicted]
    total = counts.sum(1, keepdims=True)
    share = np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)
    figure = new_figure(4.2)
    axes = figure.subplots()
    axes.imshow(share, vmin=0, vmax=1)
    names = [scene.replace("_", " ") for scene in predictions.scenes]
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted", ylabel="true")
    axes.spines[:].set_visible(False)
    if len(names) <= MOST_NUMBERS:
        for (truth, label), count in np.ndenumerate(counts):
            colour = "black" if share[truth, label] > 0.5 else "white"
            axes.text(label, truth, f"{count}" if count else "", ha="center", va="center", color=colour, fontsize=7)
    return figure, f"Confusion matrix of {round_.name}. {_alt(predictions.scenes, counts, total[:, 0])}"


def _alt(scenes: tuple[str, ...], counts: np.ndarray, total: np.ndarray) -> str:
    right = ", ".join(f"{scene} {counts[n, n]} of {total[n]}" for n, scene in enumerate(scenes))
    wrong = counts - np.diag(np.diag(counts))
    truth, label = np.unravel_index(wrong.argmax(), wrong.shape)
    most = f" Most often confused: {scenes[truth]} as {scenes[label]}, {wrong.max()} times." if wrong.any() else ""
    return f"Recognised: {right}.{most}"

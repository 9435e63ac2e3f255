"""Confusion matrices (figures 5 to 7 of the paper), and the accuracy of each scene on each device."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from asc_jax.evaluate.runs import FinishedRound
from asc_jax.report.style import new_figure

MOST_NUMBERS = 15  # columns; more leave no room for numbers in the cells


def confusion(round_: FinishedRound) -> tuple[Figure, str]:
    """The confusion matrix of the test clips, in per cent of the true scene's clips."""
    predictions = round_.predictions
    labels = np.arange(len(predictions.scenes))
    counts = confusion_matrix(predictions.truth, predictions.label, labels=labels)  # [truth, predicted]
    total = counts.sum(1)
    percent = _percent(counts, np.broadcast_to(total[:, None], counts.shape))
    names = [scene.replace("_", " ") for scene in predictions.scenes]
    figure = new_figure(4.2)
    axes = figure.subplots()
    texts = np.where(counts > 0, _rounded(percent), "")
    _heat_map(axes, percent, texts, [f"{name} ({count})" for name, count in zip(names, total, strict=True)], names)
    axes.set(xlabel="predicted", ylabel="true")
    return figure, f"Confusion matrix of {round_.name}. {_alt(predictions.scenes, counts, total)}"


def per_scene_and_device(round_: FinishedRound) -> tuple[Figure, str]:
    """Accuracy of each scene on each device in %, in brackets the number of clips."""
    predictions = round_.predictions
    device = np.array(predictions.details["device"])
    devices, column = np.unique(device, return_inverse=True)
    counts, right = np.zeros((2, len(predictions.scenes), len(devices)), int)
    np.add.at(counts, (predictions.truth, column), 1)
    np.add.at(right, (predictions.truth, column), predictions.label == predictions.truth)
    percent = _percent(right, counts)
    texts = np.where(counts > 0, np.char.add(_rounded(percent), np.char.mod("\n(%d)", counts)), "")
    scenes = [scene.replace("_", " ") for scene in predictions.scenes]
    names = [str(name).replace("_", " ") or "(unknown)" for name in devices]
    figure = new_figure(0.7 + 0.32 * len(scenes) + 0.08 * max(map(len, names)))
    axes = figure.subplots()
    _heat_map(axes, percent, texts, scenes, names)
    axes.set_xlabel("device")
    lowest = np.unravel_index(np.nanargmin(percent), percent.shape)
    where = f"{scenes[lowest[0]]} on {names[lowest[1]]}, {percent[lowest]:.0f} % of {counts[lowest]} clips"
    return figure, f"Accuracy of {round_.name} per scene and device; the lowest is that of {where}."


def _percent(part: np.ndarray, total: np.ndarray) -> np.ndarray:
    return 100 * np.divide(part, total, out=np.full(part.shape, np.nan), where=total > 0)


def _rounded(percent: np.ndarray) -> np.ndarray:
    return np.char.mod("%.0f", np.nan_to_num(percent))


def _heat_map(axes: Axes, percent: np.ndarray, texts: np.ndarray, rows: list[str], columns: list[str]) -> None:
    """Draws per cent [rows, columns] as colours, with a text in each cell."""
    axes.imshow(percent, vmin=0, vmax=100, aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=90 if max(map(len, columns)) > 4 else 0)
    axes.set_yticks(range(len(rows)), rows)
    axes.spines[:].set_visible(False)
    if len(columns) <= MOST_NUMBERS:
        for (row, column), text in np.ndenumerate(texts):
            colour = "black" if percent[row, column] > 50 else "white"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=7, linespacing=0.9)


def _alt(scenes: tuple[str, ...], counts: np.ndarray, total: np.ndarray) -> str:
    right = ", ".join(f"{scene} {counts[n, n]} of {total[n]}" for n, scene in enumerate(scenes))
    wrong = counts - np.diag(np.diag(counts))
    truth, label = np.unravel_index(wrong.argmax(), wrong.shape)
    most = f" Most often confused: {scenes[truth]} as {scenes[label]}, {wrong.max()} times." if wrong.any() else ""
    return f"Recognised: {right}.{most}"

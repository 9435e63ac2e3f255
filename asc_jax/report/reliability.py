"""Whether the network is as often right as it is confident (a reliability diagram)."""

import numpy as np
from matplotlib.figure import Figure

from asc_jax.evaluate.evaluation import Evaluation
from asc_jax.evaluate.predict import Predictions
from asc_jax.evaluate.scores import BINS, binned_confidence
from asc_jax.evaluate.tables import score
from asc_jax.report.style import BLUE, GREY, new_figure


def reliability(predictions: Predictions, evaluation: Evaluation) -> tuple[Figure, str]:
    """Accuracy against the mean confidence of each bin, above the number of clips in it."""
    confidence, accuracy, counts = per_bin(predictions)
    figure = new_figure(4.0)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    filled = counts > 0
    above.plot((0, 100), (0, 100), color=GREY, linestyle="--", label="as often right as it is confident")
    above.plot(100 * confidence[filled], 100 * accuracy[filled], color=BLUE, marker="o")
    above.set(ylabel="accuracy in %", ylim=(0, 102), xlim=(0, 100))
    edges = np.linspace(0, 100, BINS + 1)
    below.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=BLUE, edgecolor="white")
    below.set(xlabel="confidence in %", ylabel="clips")
    error = score("calibration error", evaluation.scores["calibration error"])
    above.set_title(f"calibration error (ECE): {error} %", loc="left")
    figure.legend(loc="outside upper center", frameon=False)
    values = zip(100 * confidence[filled], 100 * accuracy[filled], counts[filled], strict=True)
    text = ", ".join(f"{one:.0f} % confident {other:.0f} % right ({count})" for one, other, count in values)
    return figure, f"Accuracy of {evaluation.round} by confidence, in brackets clips: {text}."


def per_bin(predictions: Predictions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean confidence, accuracy and number of the clips in each bin [15]; NaN, NaN and 0 in an empty one."""
    probability, bins = binned_confidence(predictions)
    counts = np.bincount(bins, minlength=BINS)
    sums = (np.bincount(bins, values, BINS) for values in (probability, predictions.label == predictions.truth))
    means = [np.divide(each, counts, out=np.full(BINS, np.nan), where=counts > 0) for each in sums]
    return means[0], means[1], counts

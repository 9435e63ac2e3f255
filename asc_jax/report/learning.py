"""Learning curves."""

from collections.abc import Sequence

import pandas
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from asc_jax.report.run import Missing, Run
from asc_jax.report.style import COLOURS, GREY, new_figure


def learning_curves(run: Run) -> tuple[Figure, str]:
    """Training loss and accuracy over the epochs of all rounds; beside them, dashed, those of validation clips."""
    rounds = [(each, each.metrics) for each in run.rounds if each.metrics is not None and len(each.metrics)]
    if not rounds:
        raise Missing("no round has a metrics.csv.")
    figure = new_figure(3.6)
    axes = figure.subplots(2, 1, sharex=True)
    start = 0
    for number, (each, metrics) in enumerate(rounds):
        epochs = start + 1 + metrics["epoch"]
        look = {"color": COLOURS[number % len(COLOURS)], "marker": "." if len(epochs) < 30 else ""}
        _draw(axes, epochs, metrics["loss"], metrics["accuracy"], label=each.name, **look)
        if "validation_loss" in metrics:
            _draw(axes, epochs, metrics["validation_loss"], metrics["validation_accuracy"], linestyle="--", **look)
        start = epochs.iloc[-1]
    if any("validation_loss" in metrics for _, metrics in rounds):
        axes[0].plot([], [], color=GREY, linestyle="--", label="validation")
    axes[0].set(ylabel="loss", ylim=(0, None))
    axes[1].set(ylabel="accuracy in %", xlabel="epoch, counted over all rounds", ylim=(0, 102))
    axes[1].xaxis.get_major_locator().set_params(integer=True)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    final = ", ".join(f"{each.name} {_final(metrics)}" for each, metrics in rounds)
    return figure, f"Loss and accuracy while learning, epoch by epoch. Accuracy at the end of each round: {final}."


def _draw(axes: Sequence[Axes], epochs: pandas.Series, loss: pandas.Series, accuracy: pandas.Series, **look) -> None:
    axes[0].plot(epochs, loss, **look)
    axes[1].plot(epochs, 100 * accuracy, **look)


def _final(metrics: pandas.DataFrame) -> str:
    """The accuracy after the last epoch, and that of the validation clips."""
    names = [name for name in ("accuracy", "validation_accuracy") if name in metrics]
    training, *validation = (f"{100 * metrics[name].iloc[-1]:.0f} %" for name in names)
    return training + "".join(f" (validation {each})" for each in validation)

"""Learning curves."""

from matplotlib.figure import Figure

from asc_jax.report.run import Missing, Run
from asc_jax.report.style import COLOURS, new_figure


def learning_curves(run: Run) -> tuple[Figure, str]:
    """Training loss and accuracy over the epochs of all rounds."""
    rounds = [(each, each.metrics) for each in run.rounds if each.metrics is not None and len(each.metrics)]
    if not rounds:
        raise Missing("no round has a metrics.csv.")
    figure = new_figure(3.6)
    axes = figure.subplots(2, 1, sharex=True)
    start = 0
    for number, (each, metrics) in enumerate(rounds):
        epochs = start + 1 + metrics["epoch"]
        look = {"color": COLOURS[number % len(COLOURS)], "marker": "." if len(epochs) < 30 else "", "label": each.name}
        axes[0].plot(epochs, metrics["loss"], **look)
        axes[1].plot(epochs, 100 * metrics["accuracy"], **look)
        start = epochs.iloc[-1]
    axes[0].set(ylabel="loss", ylim=(0, None))
    axes[1].set(ylabel="accuracy in %", xlabel="epoch, counted over all rounds", ylim=(0, 102))
    axes[1].xaxis.get_major_locator().set_params(integer=True)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    final = ", ".join(f"{each.name} {100 * metrics['accuracy'].iloc[-1]:.0f} %" for each, metrics in rounds)
    return figure, f"Loss and accuracy while learning, epoch by epoch. Accuracy at the end of each round: {final}."

"""The features of one clip, and the attention to them (figure 2 of the paper)."""

from matplotlib.figure import Figure

from asc_jax.evaluate.runs import FinishedRound
from asc_jax.net.frontend import HOP, RATE
from asc_jax.report.run import Missing
from asc_jax.report.style import new_figure

RANGE_DB = 80.0  # of the log-mel, below its loudest band; what is softer has the same colour


def features_and_attention(round_: FinishedRound) -> tuple[Figure, str]:
    """Log-mel and Wavegram of the first tested clip, and the attention to each of them."""
    if round_.intermediates is None:
        raise Missing(f"{round_.name} has no intermediates.npz; rounds trained by this version keep one.")
    features, attention = round_.intermediates.features, round_.intermediates.attention  # [F, T, 2]
    bands, frames, _ = features.shape
    figure = new_figure(4.0)
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    extent = (0, frames * HOP / RATE, 0, bands)
    columns = (("features", features, None), ("attention", attention, "inferno"))
    for column, (kind, values, colours) in enumerate(columns):
        for row, name in enumerate(("log-mel", "Wavegram")):
            shown = values[..., row]
            lowest = max(shown.min(), shown.max() - RANGE_DB) if kind == "features" and row == 0 else shown.min()
            image = axes[row, column].imshow(
                shown, origin="lower", aspect="auto", extent=extent, cmap=colours, vmin=lowest, interpolation="nearest"
            )
            unit = " in dB" if kind == "features" and row == 0 else ""
            axes[row, column].set_title(f"{name}{unit}" if column == 0 else f"attention to the {name}")
            figure.colorbar(image, ax=axes[row, column], pad=0.02)
    for row in axes:
        row[0].set_ylabel("band")
    for below in axes[1]:
        below.set_xlabel("time in s")
    least, most = attention.min(), attention.max()
    attention_range = f"{least:.2f} to {most:.2f}"
    return figure, f"Log-mel and Wavegram of one clip, and the attention of {round_.name} to them, {attention_range}."

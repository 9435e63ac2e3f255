"""The features of one clip, and the attention to them (figure 2 of the paper)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from asc_jax.data.spectra import draw_mel
from asc_jax.evaluate.runs import FinishedRound, networks
from asc_jax.net.frontend import RATE
from asc_jax.report.run import Missing
from asc_jax.report.style import new_figure


def features_and_attention(round_: FinishedRound) -> tuple[Figure, str]:
    """Log-mel and Wavegram of the first tested clip, and the attention to each of them."""
    if round_.intermediates is None:
        raise Missing(f"{round_.name} has no intermediates.npz; rounds trained by this version keep one.")
    features, attention = round_.intermediates.features, round_.intermediates.attention  # [F, T, 2]
    figure, hop = new_figure(4.0), networks(round_.settings)[0].hop
    axes = figure.subplots(2, 2, sharex=True, sharey="row")
    images = {
        "log-mel in dB": draw_mel(axes[0, 0], features[..., 0], hop),
        "attention to the log-mel": draw_mel(axes[0, 1], attention[..., 0], hop),
        "Wavegram": _draw_bands(axes[1, 0], features[..., 1], hop),
        "attention to the Wavegram": _draw_bands(axes[1, 1], attention[..., 1], hop),
    }
    for each, (title, image) in zip(axes.flat, images.items(), strict=True):
        image.set_cmap("inferno" if title.startswith("attention") else "cividis")
        each.set_title(title)
        figure.colorbar(image, ax=each, pad=0.02)
    axes[0, 0].set_ylabel("frequency in kHz")
    axes[1, 0].set_ylabel("band")
    for below in axes[1]:
        below.set_xlabel("time in s")
    least, most = attention.min(), attention.max()
    attention_range = f"{least:.2f} to {most:.2f}"
    return figure, f"Log-mel and Wavegram of one clip, and the attention of {round_.name} to them, {attention_range}."


def _draw_bands(axes: Axes, values: np.ndarray, hop: int) -> AxesImage:
    """Draws learned bands [F, T] over time in s."""
    extent = (0, values.shape[1] * hop / RATE, 0.5, len(values) + 0.5)
    return axes.imshow(values, origin="lower", aspect="auto", extent=extent, interpolation="nearest")

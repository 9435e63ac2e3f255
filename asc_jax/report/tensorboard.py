"""The report's images for TensorBoard, beside the scalars of every round."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from asc_jax.report.confusion import confusion
from asc_jax.report.features import features_and_attention
from asc_jax.report.run import Missing, Run
from asc_jax.report.style import styled


def write_images(run: Run, page: Path) -> None:
    """Writes confusion matrix and attention of every round, and the page's path, beside the page."""
    from tensorboardX import SummaryWriter  # loads protobuf

    with SummaryWriter(str(page.parent / "tensorboard")) as writer:
        writer.add_text("report", str(page.absolute()))
        for each in run.rounds:
            for kind, draw in (("confusion", confusion), ("attention", features_and_attention)):
                try:
                    figure, _ = styled(draw, each)
                except Missing:
                    continue
                writer.add_image(f"{kind}/{each.name}", _pixels(figure), dataformats="HWC")


def _pixels(figure: Figure) -> np.ndarray:
    """The figure as uint8 [height, width, 3]."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]

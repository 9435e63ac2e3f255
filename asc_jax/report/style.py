"""The style of figures: readable on a phone, in colours that the colour-blind can distinguish."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

# of M. Okabe and K. Ito, Color universal design, 2008
BLUE, SKY, ORANGE, GREEN, PINK, RED, GREY = "#0072B2", "#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#999999"
COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED, GREY)
MARKERS = "osD^vPX*"  # those of a second round through the colours differ from the first
WIDTH = 4.2  # inches: at a phone's width, text is still about 10 pixels high
STYLE: dict[RcKeyType, Any] = {
    "font.size": 9,
    "axes.titlesize": 9,
    "legend.fontsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "image.cmap": "cividis",
    "svg.hashsalt": "asc_jax",
}


def new_figure(height: float) -> Figure:
    """A figure of the report's width, `height` inches high."""
    return Figure(figsize=(WIDTH, height), layout="constrained")


def styled(draw: Callable[..., tuple[Figure, str]], *arguments) -> tuple[Figure, str]:
    """What `draw` returns, a figure and its alternative text, in the report's style."""
    with matplotlib.rc_context(STYLE):
        figure, alt = draw(*arguments)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once for all files
        return figure, alt


def save(figure: Figure, folder: Path, name: str) -> str:
    """Writes folder/name.png and .pdf, and returns the figure as SVG; the same figure gives the same files."""
    text = io.StringIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(folder / f"{name}.png", dpi=200)
        figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None})
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def webp(figure: Figure) -> bytes:
    """The figure as WebP, which for a spectrogram is a third of the SVG."""
    file = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(file, format="webp", dpi=150)
    return file.getvalue()


def data_uri(kind: str, content: bytes) -> str:
    """The content of a file as the address of itself; `kind` is its media type, such as image/webp."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"

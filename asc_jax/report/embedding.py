"""The embeddings of the test clips: a domain shift shows where they cluster by device rather than by scene."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from asc_jax.evaluate.runs import FinishedRound
from asc_jax.report.run import Missing
from asc_jax.report.style import COLOURS, MARKERS, new_figure

FEWEST = 5  # clips
MOST = 3000  # clips; a projection of more takes minutes
DETAILED = 500  # points; more are drawn as an image


def projection(round_: FinishedRound) -> tuple[Figure, str]:
    """A 2-D projection of the embeddings by t-SNE, coloured by scene and by device."""
    if round_.intermediates is None:
        raise Missing(f"{round_.name} has no intermediates.npz; rounds trained by this version keep one.")
    predictions = round_.tested
    chosen = np.unique(np.linspace(0, len(predictions.truth) - 1, min(MOST, len(predictions.truth))).astype(int))
    if len(chosen) < FEWEST:
        raise Missing(f"{len(chosen)} tested clips are too few for a projection.")
    predictions = predictions.subset(chosen)
    points = _project(round_.intermediates.embedding[chosen])
    scenes = np.array([*predictions.scenes, ""])
    kinds = {"scene": scenes[predictions.truth], "device": np.array(predictions.details["device"])}
    kinds = {kind: names for kind, names in kinds.items() if (names != "").any()}
    orders = {"scene": scenes, "device": np.unique(kinds.get("device", ""))}
    figure = new_figure(3.4 * len(kinds))
    for axes, (kind, names) in zip(np.ravel(figure.subplots(len(kinds), 1)), kinds.items(), strict=True):
        _draw(axes, points, kind, names, orders[kind])
    shown = " and ".join(kinds)
    return figure, f"t-SNE projection of the embeddings of {len(chosen)} tested clips, coloured by {shown}."


def _project(embeddings: np.ndarray) -> np.ndarray:
    from sklearn.manifold import TSNE

    perplexity = min(30, (len(embeddings) - 1) / 3)
    with threadpool_limits(1):  # where other programs run, two threads that wait for each other take ten times as long
        return TSNE(perplexity=perplexity, metric="cosine", init="pca", random_state=0).fit_transform(embeddings)


def _draw(axes: Axes, points: np.ndarray, kind: str, names: np.ndarray, order: np.ndarray) -> None:
    for number, name in enumerate(name for name in order if name in names):
        marker = MARKERS[number // len(COLOURS) % len(MARKERS)]
        x, y = points[names == name].T
        look = {"s": 14, "marker": marker, "color": COLOURS[number % len(COLOURS)], "linewidths": 0}
        axes.scatter(x, y, label=str(name).replace("_", " ") or "(unknown)", rasterized=len(names) > DETAILED, **look)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.legend(title=kind, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, markerscale=2)

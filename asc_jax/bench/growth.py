"""How speed changes with the batch, the clip's length and the number of clips, in numbers and a picture."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Literal

import numpy as np

from asc_jax.bench.machine import memory
from asc_jax.bench.network import Case, compile_training, evaluation, training
from asc_jax.bench.reading import epochs
from asc_jax.bench.timing import Result
from asc_jax.data.records import Clips
from asc_jax.devices import can_share

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LENGTHS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)  # seconds
STEPS = (1, 4, 16)  # of an epoch
LARGEST = 0.5  # of the memory, for the temporaries of a step as extrapolated from the largest one that fitted


@dataclass(frozen=True)
class Point:
    """One benchmark of a curve, at one value of what is varied."""

    curve: str
    varied: str
    value: float
    measured: Result

    @property
    def result(self) -> Result:
        """The benchmark, named after what was varied."""
        return replace(self.measured, name=f"{self.measured.name}, {self.varied} {self.value:g}")


def growth(case: Case, clips: Clips, cache: str) -> Iterator[Point]:
    """Training and evaluation at every batch and every length that fit into memory, then epochs of 1, 4, 16 batches."""
    yield from _sizes(case, "batch", BATCHES)
    yield from _sizes(case, "seconds", LENGTHS)
    for steps in STEPS:
        subset = replace(clips, table=clips.table[: steps * case.batch])
        yield Point("epoch", "clips", len(subset), epochs(case, subset, cache))


def _sizes(case: Case, field: Literal["batch", "seconds"], values: tuple[float, ...]) -> Iterator[Point]:
    temporaries = 0.0
    for value, before in zip(values, (values[0], *values), strict=False):
        if temporaries * value / before > LARGEST * memory():
            break
        resized = replace(case, **{field: value})
        yield Point("evaluation", field, value, evaluation(resized))
        if resized.batch > 1 and can_share(resized.batch):  # one embedding has no variance
            result = training(compile_training(resized))
            temporaries = result.temporaries or 0.0
            yield Point("training", field, value, result)


def draw(points: list[Point], file: Path) -> None:
    """Clips/s over batch and length, seconds over clips, on logarithmic axes; the file's ending says the format."""
    from matplotlib.figure import Figure

    panels = {varied: list(group) for varied, group in groupby(points, lambda point: point.varied)}
    figure = Figure(figsize=(4 * len(panels), 3.2), layout="constrained")
    for axes, (varied, panel) in zip(np.atleast_1d(figure.subplots(1, len(panels))), panels.items(), strict=True):
        for curve in dict.fromkeys(point.curve for point in panel):
            drawn = [point for point in panel if point.curve == curve]
            rates = [_height(point) for point in drawn]
            axes.loglog([point.value for point in drawn], rates, marker="o", label=curve)
        axes.set_xlabel(varied)
        axes.set_ylabel("seconds" if varied == "clips" else "clips/s")
        axes.grid(alpha=0.3, which="both")
        axes.legend()
    figure.savefig(file, dpi=150)


def _height(point: Point) -> float:
    return point.measured.median if point.varied == "clips" else point.measured.clips_per_second

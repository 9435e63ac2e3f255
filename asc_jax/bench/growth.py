"""How speed changes with batch, clip length, and numbers of clips and chips, in numbers and a picture."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Literal

import numpy as np
from jax.sharding import Mesh

from asc_jax.bench.ahead_of_time import Program, compile_training_for
from asc_jax.bench.chips import CHIPS
from asc_jax.bench.machine import memory
from asc_jax.bench.network import Case, compile_training, evaluation, training
from asc_jax.bench.reading import epochs
from asc_jax.bench.timing import Result
from asc_jax.data.records import Clips
from asc_jax.devices import can_share
from asc_jax.errors import UserError

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
LENGTHS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)  # seconds
STEPS = (1, 4, 16)  # of an epoch
LARGEST = 0.5  # of the memory, for the temporaries of a step as extrapolated from the largest one that fitted


@dataclass(frozen=True)
class Point:
    """A point of a curve; curves over the same x share a picture's panel."""

    curve: str
    xlabel: str
    x: float
    ylabel: str
    y: float


@dataclass(frozen=True)
class Measured:
    """A benchmark at one value of what is varied."""

    curve: str
    varied: str
    value: float
    measured: Result

    @property
    def result(self) -> Result:
        """The benchmark, named after what was varied."""
        return replace(self.measured, name=f"{self.measured.name}, {self.varied} {self.value:g}")

    @property
    def point(self) -> Point:
        """Clips/s over batch and length, seconds of an epoch over clips."""
        if self.varied == "clips":
            return Point(self.curve, self.varied, self.value, "seconds", self.measured.median)
        return Point(self.curve, self.varied, self.value, "clips/s", self.measured.clips_per_second)


def growth(case: Case, clips: Clips, cache: str) -> Iterator[Measured]:
    """Training and evaluation at every batch and every length that fit into memory, then epochs of 1, 4, 16 batches."""
    yield from _sizes(case, "batch", BATCHES)
    yield from _sizes(case, "seconds", LENGTHS)
    for steps in STEPS:
        subset = replace(clips, table=clips.table[: steps * case.batch])
        yield Measured("epoch", "clips", len(subset), epochs(case, subset, cache))


def _sizes(case: Case, field: Literal["batch", "seconds"], values: tuple[float, ...]) -> Iterator[Measured]:
    temporaries = 0.0
    for value, before in zip(values, (values[0], *values), strict=False):
        if temporaries * value / before > LARGEST * memory():
            break
        resized = replace(case, **{field: value})
        yield Measured("evaluation", field, value, evaluation(resized))
        if resized.batch > 1 and can_share(resized.batch):  # one embedding has no variance
            result = training(compile_training(resized))
            temporaries = result.temporaries or 0.0
            yield Measured("training", field, value, result)


def over_chips(case: Case, meshes: list[Mesh]) -> Iterator[tuple[Program, list[Point]]]:
    """The training step compiled for slices of TPUs: a batch that all chips share, and as many clips a chip throughout.

    A point's height is what the memory of all chips allows. UserError for chips of several kinds, or of one whose rates
    are not listed.
    """
    kinds = {mesh.devices.flat[0].device_kind for mesh in meshes}
    if len(kinds) > 1 or not kinds <= CHIPS.keys():
        raise UserError(f"{', '.join(sorted(kinds))}: growth is over slices of one kind, v5e, v5p or v6e; name those")
    each = case.batch // meshes[0].size
    for mesh in meshes:
        curves = {f"batch {case.batch}": case.batch, f"{each} clips a chip": each * mesh.size}
        for batch in dict.fromkeys(curves.values()):
            program = compile_training_for(replace(case, batch=batch), mesh)
            yield program, [_ceiling(curve, program) for curve, of in curves.items() if of == batch]


def _ceiling(curve: str, program: Program) -> Point:
    return Point(curve, "chips", program.chips, "ceiling in clips/s", program.chips * program.ceilings["memory"])


def draw(points: list[Point], file: Path) -> None:
    """The curves on logarithmic axes, a panel for each x; the file's ending says the format."""
    from matplotlib.figure import Figure

    panels = {xlabel: list(panel) for xlabel, panel in groupby(points, lambda point: point.xlabel)}
    figure = Figure(figsize=(4 * len(panels), 3.2), layout="constrained")
    for axes, (xlabel, panel) in zip(np.atleast_1d(figure.subplots(1, len(panels))), panels.items(), strict=True):
        for curve in dict.fromkeys(point.curve for point in panel):
            drawn = [point for point in panel if point.curve == curve]
            axes.loglog([point.x for point in drawn], [point.y for point in drawn], marker="o", label=curve)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(panel[0].ylabel)
        axes.grid(alpha=0.3, which="both")
        axes.legend()
    figure.savefig(file, dpi=150)

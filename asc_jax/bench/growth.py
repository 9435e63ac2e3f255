"""How speed changes with the batch, the clip's length and the number of clips, in numbers and a picture."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from asc_jax.bench.machine import memory
from asc_jax.bench.network import Case, evaluation, training
from asc_jax.bench.reading import epochs
from asc_jax.bench.timing import Result
from asc_jax.data.records import Clips
from asc_jax.devices import can_share

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LENGTHS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)  # seconds
STEPS = (1, 4, 16)  # of an epoch
LARGEST = 0.5  # of the memory, for the maps of a step as the largest one that fitted suggests

Curves = dict[str, dict[float, Result]]  # name -> what was varied -> result


def over_batches(case: Case) -> Curves:
    """Training and evaluation at every batch that the memory holds."""
    return _curves(case, "batch", BATCHES)


def over_lengths(case: Case) -> Curves:
    """Training and evaluation at every length of clips that the memory holds."""
    return _curves(case, "seconds", LENGTHS)


def over_clips(case: Case, clips: Clips, cache: str) -> Curves:
    """An epoch of 1, 4 and 16 batches of the clips."""
    counts = [steps * case.batch for steps in STEPS]
    parts = {count: replace(clips, table=clips.table[:count]) for count in counts}
    return {"epoch": {count: epochs(case, part, cache) for count, part in parts.items()}}


def _curves(case: Case, field: str, values: tuple[float, ...]) -> Curves:
    train, predict, needed = {}, {}, 0.0
    for value, before in zip(values, (values[0], *values), strict=False):
        if needed * value / before > LARGEST * memory():
            break
        now = replace(case, **{field: value})
        predict[value] = evaluation(now)
        if now.batch > 1 and can_share(now.batch):  # one embedding has no variance
            train[value] = training(now)
            needed = train[value].temporaries
    return {"training": train, "evaluation": predict}


def named(curves: dict[str, Curves]) -> list[Result]:
    """All results, each named after what was varied."""
    return [
        replace(result, name=f"{result.name}, {varied} {value:g}")
        for varied, drawn in curves.items()
        for results in drawn.values()
        for value, result in results.items()
    ]


def draw(curves: dict[str, Curves], file: Path) -> None:
    """Clips/s over batch and length, seconds over clips, on logarithmic axes; the file's ending says the format."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(curves), 3.2), layout="constrained")
    for axes, (varied, drawn) in zip(np.atleast_1d(figure.subplots(1, len(curves))), curves.items(), strict=True):
        for name, results in drawn.items():
            rates = [each.median if name == "epoch" else each.clips_per_second for each in results.values()]
            axes.loglog(list(results), rates, marker="o", label=name)
        axes.set_xlabel(varied)
        axes.set_ylabel("seconds" if "epoch" in drawn else "clips/s")
        axes.grid(alpha=0.3, which="both")
        axes.legend()
    figure.savefig(file, dpi=150)

"""The command on speed: asc-jax bench [PART...]."""

import dataclasses
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from asc_jax.cli.data import prepared
from asc_jax.cli.printing import print_tables
from asc_jax.config import Cache, Preparation
from asc_jax.errors import UserError

if TYPE_CHECKING:
    from asc_jax.bench.network import Case
    from asc_jax.data.records import Clips

Part = Literal["train", "eval", "latency", "read", "epoch", "growth"]


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """What is timed, on noise."""

    parts: tyro.conf.Positional[tuple[Part, ...]] = ("train", "eval", "latency", "read", "epoch")
    """train, eval: a step on a batch; latency: one clip; read, epoch: from records; growth: all of it at many sizes."""
    batch: int = 32
    """Clips in a batch."""
    seconds: float = 10.0
    """Length of a clip."""
    experiment: str = "released"
    """Whose network, and whose pretraining's step."""
    bfloat16: bool = False
    """Attention and trunk compute in bfloat16."""
    device: Literal["cpu", "gpu", "tpu"] | None = None
    """Where (default: the fastest that JAX finds)."""
    repeats: int = 5
    """Calls, or epochs, that are timed after the warm-up."""
    clips: int = 256
    """Clips in the records that read and epoch take; growth takes 16 batches."""
    cache: Cache = "none"
    """Where those wait, as in training."""
    json: Path | None = None
    """File for the figures."""
    trace: Path | None = None
    """Folder for a profile of the training step, whose costliest operations are told."""
    picture: Path = Path("growth.png")
    """File of growth's picture; its ending (png, pdf, svg) says the format."""


def bench(wanted: Benchmark) -> None:
    """Time training, evaluation and reading, against the limits of this machine."""
    import jax

    if wanted.batch < 2 and {"train", "epoch", "growth"}.intersection(wanted.parts):
        raise UserError("a batch of one clip cannot train; use --batch 2 or more, or the parts eval, latency and read")
    if wanted.clips < wanted.batch and {"read", "epoch"}.intersection(wanted.parts):
        raise UserError(f"{wanted.clips} clips are less than one batch; use --clips {wanted.batch} or more")
    if wanted.device:
        jax.config.update("jax_platforms", {"gpu": "cuda"}.get(wanted.device, wanted.device))
    from asc_jax.devices import use_cores

    use_cores(wanted.batch)
    from asc_jax.bench import tables
    from asc_jax.bench.collectives import of_training
    from asc_jax.bench.machine import description, limits
    from asc_jax.bench.trace import trace_training

    case = _case(wanted)
    machine, rates = description(), limits(wanted.bfloat16)
    print_tables(tables.machine_table(machine, rates))
    results = _results(case, wanted)
    print_tables(tables.results_table(results, rates))
    operations = trace_training(case, wanted.trace) if wanted.trace else []
    if operations:
        print_tables(tables.operations_table(operations))
    collectives = of_training(case) if "train" in wanted.parts else []
    if collectives:
        print_tables(tables.collectives_table(collectives))
    if wanted.json:
        told = tables.as_json(machine, rates, results, operations, collectives)
        wanted.json.write_text(json.dumps(told, indent=1) + "\n")


def _case(wanted: Benchmark) -> "Case":
    from asc_jax.bench.network import Case
    from asc_jax.cli import experiments

    if wanted.experiment not in experiments():
        raise UserError(f"--experiment {wanted.experiment}: there is no such; choose {', '.join(experiments())}")
    experiment = experiments()[wanted.experiment]
    network = dataclasses.replace(experiment.network, bfloat16=wanted.bfloat16)
    return Case(wanted.batch, wanted.seconds, network, wanted.repeats, experiment.pretrain)


def _results(case: "Case", wanted: Benchmark) -> list:
    from asc_jax.bench import growth, network, reading

    results = []
    if "train" in wanted.parts:
        results.append(network.training(case))
    if "eval" in wanted.parts:
        results.append(network.evaluation(case))
    if "latency" in wanted.parts:
        results.append(network.evaluation(case, clips=1))
    if {"read", "epoch"}.intersection(wanted.parts):
        with _noise(case, wanted.clips) as clips:
            if "read" in wanted.parts:
                results.append(reading.reading(case, clips, wanted.cache))
            if "epoch" in wanted.parts:
                results.append(reading.epochs(case, clips, wanted.cache))
    if "growth" in wanted.parts:
        with _noise(case, max(growth.STEPS) * case.batch) as clips:
            curves = {"batch": growth.over_batches(case), "seconds a clip": growth.over_lengths(case)}
            curves["clips"] = growth.over_clips(case, clips, wanted.cache)
        growth.draw(curves, wanted.picture)
        print(wanted.picture)
        results += growth.named(curves)
    return results


@contextmanager
def _noise(case: "Case", count: int) -> Iterator["Clips"]:
    """Records of noise, prepared as any other recordings."""
    import soundfile

    from asc_jax.data.records import read_clips
    from asc_jax.net.frontend import RATE

    with tempfile.TemporaryDirectory() as folder:
        for number, audio in enumerate(case.audio(count)):
            file = Path(folder) / "noise" / "ab"[number % 2] / f"{number}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(file, audio, RATE)
        how = Preparation(seconds=case.seconds, data_dir=folder)
        yield read_clips(prepared("clips", f"{folder}/noise", how))[0]

"""The command on speed: asc-jax bench [SECTION...]."""

import dataclasses
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from asc_jax.cli.compiling import compile_only
from asc_jax.cli.data import prepared
from asc_jax.cli.printing import check_writable, print_tables
from asc_jax.cli.spelling import check_word
from asc_jax.config import Cache, Preparation
from asc_jax.errors import UserError

if TYPE_CHECKING:
    from asc_jax.bench.network import Case, TrainingStep
    from asc_jax.bench.tables import Findings
    from asc_jax.bench.timing import Result
    from asc_jax.data.records import Clips

SHORTEST = 0.1  # seconds of a clip: shorter ones have no second frame
Section = Literal["train", "eval", "latency", "read", "epoch", "growth"]


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """What is timed, on noise."""

    sections: tyro.conf.Positional[tuple[Section, ...]] = ("train", "eval", "latency", "read", "epoch")
    """train, eval: a step on a batch, in training also steps in a row; latency: one clip; read, epoch: from records;
    growth: all of it at many sizes."""
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
    """Calls, or epochs, that are timed after the warm-up; of one clip 20 times as many."""
    clips: int = 256
    """Clips in the records of read and epoch; growth takes 16 batches."""
    cache: Cache = "none"
    """Where those clips are kept between epochs, as in training."""
    json: Path | None = None
    """File for the figures, written even if a later section fails."""
    trace: Path | None = None
    """Folder for a profile of the training step, whose costliest operations are printed."""
    compile_for: tuple[str, ...] | None = None
    """TPU slices such as v5e:2x4: compile the steps for them by the TPU's own compiler, here, and run nothing. Growth
    is then over their chips."""
    picture: Path = Path("growth.png")
    """File of growth's picture; its ending (png, pdf, svg) says the format."""


def bench(args: Benchmark) -> None:
    """Time training, evaluation and reading, against the limits of this machine."""
    _check(args)
    import jax

    if args.compile_for is not None:
        return compile_only(_case(args), args, args.compile_for)
    if args.device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    from asc_jax.devices import use_cores

    use_cores(args.batch)  # before anything that starts JAX
    if args.device not in (None, jax.default_backend()):
        raise UserError(f"--device {args.device}: JAX finds none here; leave it out to use the {jax.default_backend()}")
    from asc_jax.bench.machine import description, limits, memory
    from asc_jax.net.frontend import RATE

    if 8 * args.batch * args.seconds * RATE > memory():  # the noise is drawn in float64
        raise UserError(f"{args.batch} clips of {args.seconds:g} s do not fit into this machine's memory; use less")
    from asc_jax.bench.tables import Findings, machine_table

    case = _case(args)
    findings = Findings(description(), limits(args.bfloat16))
    print_tables(machine_table(findings.machine, findings.limits))
    try:
        _run(case, args, findings)
    finally:
        if args.json:
            args.json.write_text(findings.as_json())


def _check(args: Benchmark) -> None:
    """Raises UserError for what would fail only after minutes."""
    for option in ("batch", "clips", "repeats"):
        if getattr(args, option) < 1:
            raise UserError(f"--{option} {getattr(args, option)}: must be 1 or more")
    if not SHORTEST <= args.seconds < math.inf:
        raise UserError(f"--seconds {args.seconds:g}: must be {SHORTEST} or more")
    if args.batch < 2 and (args.trace or {"train", "epoch", "growth"}.intersection(args.sections)):
        raise UserError("a batch of one clip cannot train; use --batch 2 or more, or only eval, latency and read")
    if args.clips < args.batch and {"read", "epoch"}.intersection(args.sections):
        raise UserError(f"{args.clips} clips are less than one batch; use --clips {args.batch} or more")
    picture = args.picture if "growth" in args.sections else None
    for option, file in (("--json", args.json), ("--picture", picture)):
        if file:
            check_writable(option, file)
    if picture and picture.suffix not in (".png", ".pdf", ".svg"):
        raise UserError(f"--picture {picture}: must end in .png, .pdf or .svg")
    if args.trace and args.trace.exists() and not args.trace.is_dir():
        raise UserError(f"--trace {args.trace}: is a file; name a folder")


def _case(args: Benchmark) -> "Case":
    from asc_jax.bench.network import Case
    from asc_jax.cli import experiments

    check_word("experiment", args.experiment, experiments())
    experiment = experiments()[args.experiment]
    network = dataclasses.replace(experiment.network, bfloat16=args.bfloat16)
    return Case(args.batch, args.seconds, network, args.repeats, experiment.pretrain)


def _run(case: "Case", args: Benchmark, findings: "Findings") -> None:
    """Prints each result as soon as it is there, and keeps it in the findings."""
    from asc_jax.bench import tables
    from asc_jax.bench.collectives import collectives
    from asc_jax.bench.network import compile_training
    from asc_jax.bench.trace import profile_training

    step = compile_training(case) if args.trace or "train" in args.sections else None
    if step and (found := collectives(step.program)):
        findings.collectives = found
        print_tables(tables.collectives_table(found))
    if step and args.trace:
        findings.operations = profile_training(step, args.trace)
        print_tables(tables.operations_table(findings.operations))
    print(tables.header())
    for result in _results(case, step, args):
        print(tables.row(result, findings.limits), flush=True)
        findings.results.append(result)


def _results(case: "Case", step: "TrainingStep | None", args: Benchmark) -> "Iterator[Result]":
    from asc_jax.bench import growth, network, reading

    if step and "train" in args.sections:
        yield network.training(step)
        yield network.training(step, in_a_row=True)
    if "eval" in args.sections:
        yield network.evaluation(case)
    if "latency" in args.sections:
        yield network.evaluation(case, clips=1)
    if {"read", "epoch"}.intersection(args.sections):
        with _noise(case, args.clips) as clips:
            if "read" in args.sections:
                yield reading.reading(case, clips, args.cache)
            if "epoch" in args.sections:
                yield reading.epochs(case, clips, args.cache)
    if "growth" in args.sections:
        points = []
        try:
            with _noise(case, max(growth.STEPS) * case.batch) as clips:
                for each in growth.growth(case, clips, args.cache):
                    points.append(each.point)
                    yield each.result
        finally:
            if points:
                growth.draw(points, args.picture)
                print(args.picture)


@contextmanager
def _noise(case: "Case", count: int) -> "Iterator[Clips]":
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

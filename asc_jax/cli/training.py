"""The commands on experiments: asc-jax pretrain|finetune|pseudolabel|scratch EXPERIMENT."""

import dataclasses
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from asc_jax.cli.data import prepared
from asc_jax.cli.ranges import check
from asc_jax.cli.runs import print_rounds
from asc_jax.config import UNLABELLED, Experiment, Phase, Round, rounds
from asc_jax.errors import UserError

if TYPE_CHECKING:
    from asc_jax.data.records import Records


@dataclasses.dataclass(frozen=True)
class Processes:
    """Whether several processes train together, and which of them this is."""

    distributed: bool = False
    """Be one of several processes; Cloud TPU, Slurm, Kubernetes and Open MPI tell the rest."""
    coordinator: str | None = None
    """Where no scheduler says it: HOST:PORT of process 0."""
    processes: int | None = None
    """Where no scheduler says it: how many there are."""
    process: int | None = None
    """Where no scheduler says it: the number of this one, from 0."""


@dataclasses.dataclass(frozen=True)
class Training:
    """An experiment, the phase of it that a command runs, and by which processes."""

    experiment: Annotated[Experiment, tyro.conf.OmitArgPrefixes]
    phase: Annotated[Phase, tyro.conf.OmitArgPrefixes]
    processes: Annotated[Processes, tyro.conf.OmitArgPrefixes] = Processes()


def pretrain(training: Training) -> None:
    """Train from scratch on the source data set, or take the shipped weights."""
    run_command("pretrain", training)


def finetune(training: Training) -> None:
    """Train the pretrained network on the labelled target clips, in several rounds."""
    run_command("finetune", training)


def pseudolabel(training: Training) -> None:
    """Label the unlabelled target clips with the network so far, and train on all of them."""
    run_command("pseudolabel", training)


def scratch(training: Training) -> None:
    """Train from scratch on the labelled target clips, for comparison."""
    run_command("scratch", training)


def run_command(command: str, training: Training) -> None:
    """Runs the rounds of one command, and prints the table of all finished rounds."""
    run_rounds(command, training)
    from asc_jax.evaluate.runs import scored_rounds

    print_rounds(scored_rounds(training.experiment.folder))


def run_rounds(command: str, training: Training) -> None:
    """Runs the rounds of one command, each where it stopped."""
    import jax

    experiment = dataclasses.replace(training.experiment, **{command: training.phase})
    check(experiment, training.phase)
    if experiment.start and command in ("pretrain", "scratch"):
        raise UserError(
            f"--start {experiment.start}: {command} starts from fresh weights; finetune and pseudolabel take it"
        )
    use_compilation_cache()
    _take_devices(training)
    from asc_jax.processes import first_before_others, is_first
    from asc_jax.train.rounds import check_round, run

    these = rounds(experiment, command)
    with first_before_others(f"records of {command}"):
        records = [records_of(experiment, each) for each in these]
        for each, its_records in zip(these, records, strict=True):
            check_round(each, its_records)
        lines = list(_later(experiment, command, training.phase.batch_size))
    if not these:
        lines.append(f"{experiment.name} has no {command} rounds (--finetune-rounds 0): nothing is trained")
    for line in lines if is_first() else ():
        print(f"asc-jax: {line}", file=sys.stderr)
    for each, its_records in zip(these, records, strict=True):
        with jax.debug_nans(experiment.debug_nans):  # a setting for all threads is lost in tracing gradients
            run(experiment, each, its_records)


def _take_devices(training: Training) -> None:
    from asc_jax.devices import use_cores
    from asc_jax.processes import join

    these = training.processes
    if not these.distributed and these != Processes():
        raise UserError("--coordinator, --processes and --process say nothing without --distributed")
    if these.distributed:
        join(these.coordinator, these.processes, these.process)
    else:
        use_cores(training.phase.batch_size)


def records_of(experiment: Experiment, round_: Round) -> "Records":
    """The data set that a round learns from; the split is chosen for the target, and the source keeps its own."""
    from asc_jax.data.splits import open_records
    from asc_jax.net.frontend import RATE

    source = None if round_.data == "scenes" else getattr(experiment, round_.data)
    if round_.command == "pretrain" and experiment.source_clips:
        source = experiment.source_clips
    if source is None and round_.data != "scenes":
        raise UserError(f"{round_.name}: say where {round_.data} is: --{round_.data} FOLDER")
    of_target = round_.command != "pretrain" or experiment.pretrained_on in ("synthesis", "shipped")
    chosen = (experiment.split, experiment.test_fold) if of_target else ()
    records = open_records(prepared(round_.data, source, experiment), *chosen)
    if records.samples != round(experiment.seconds * RATE):
        raise UserError(f"{records.path}: its clips are of {records.samples / RATE:g} s; say so with --seconds")
    return records


def _later(experiment: Experiment, command: str, batch_size: int) -> Iterator[str]:
    """What would stop the commands that follow, if they are called with the same options: in time to be changed.

    Whether the batch size is such an option cannot be known, so the smaller of both counts.
    """
    from asc_jax.train import teachers
    from asc_jax.train.rounds import check_round
    from data_prep import PrepareError

    for later in {"pretrain": ("finetune", "pseudolabel"), "finetune": ("pseudolabel",)}.get(command, ()):
        for each in rounds(experiment, later):
            try:
                phase = dataclasses.replace(each.phase, batch_size=min(batch_size, each.phase.batch_size))
                records = records_of(experiment, each)
                check_round(dataclasses.replace(each, phase=phase), records)
                teachers.check(experiment.teachers, records, records.split(*each.splits))
                if UNLABELLED in each.splits:
                    _check_scenes(experiment, each, records)
            except (UserError, PrepareError) as error:
                yield f"{later} will stop: {str(error).splitlines()[0]}"
                break


def _check_scenes(experiment: Experiment, round_: Round, records: "Records") -> None:
    """UserError where a round labels clips by a pretraining that knows other scenes."""
    for before in rounds(experiment, "pretrain"):
        if before.name == round_.start and records_of(experiment, before).scenes != records.scenes:
            raise UserError(f"{before.name} knows other scenes than {records.path}; use --finetune-rounds 1")


def use_compilation_cache() -> None:
    """Keeps compiled programs between processes, where JAX_COMPILATION_CACHE_DIR says or in the user's cache."""
    import jax

    chosen = jax.config.jax_compilation_cache_dir  # pyright: ignore[reportAttributeAccessIssue]  JAX adds its settings as it starts
    if not chosen:
        jax.config.update("jax_compilation_cache_dir", str(cache("xla")))


def cache(name: str) -> Path:
    """A folder in the user's cache, or a temporary one where there is no home, or no right to write."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "asc_jax" / name
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        pass
    return Path(tempfile.gettempdir()) / f"asc_jax-{os.getuid()}" / name

"""The commands on experiments: asc-jax pretrain|finetune|pseudolabel|scratch|evaluate EXPERIMENT."""

import dataclasses
import os
from pathlib import Path
from typing import Annotated

import tyro

from asc_jax.cli.data import prepared
from asc_jax.cli.printing import print_tables
from asc_jax.config import Experiment, Phase, Round, all_rounds, rounds
from asc_jax.errors import UserError


@dataclasses.dataclass(frozen=True)
class Training:
    """An experiment, and the phase of it that a command runs."""

    experiment: Annotated[Experiment, tyro.conf.OmitArgPrefixes]
    phase: Annotated[Phase, tyro.conf.OmitArgPrefixes]


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """An experiment, and which of its rounds to look at."""

    experiment: Annotated[Experiment, tyro.conf.OmitArgPrefixes]
    round: str | None = None
    """Round to tell per scene, device and city (default: the last finished one)."""


def pretrain(training: Training) -> None:
    """Train from scratch on the source data set."""
    _train("pretrain", training)


def finetune(training: Training) -> None:
    """Train the pretrained network on the labelled target clips, in several rounds."""
    _train("finetune", training)


def pseudolabel(training: Training) -> None:
    """Label the unlabelled target clips with the finetuned network, and train on all of them."""
    _train("pseudolabel", training)


def scratch(training: Training) -> None:
    """Train from scratch on the labelled target clips, for comparison."""
    _train("scratch", training)


def evaluate(evaluation: Evaluation) -> None:
    """Tell the test accuracy of every finished round, and one round's per scene, device and city."""
    from asc_jax.data.leaks import read_leak
    from asc_jax.evaluate.predict import read_csv
    from asc_jax.evaluate.tables import details_tables

    experiment = evaluation.experiment
    finished = [each.name for each in _finished(experiment)]
    if not finished:
        raise UserError(f"{experiment.folder}: no round has finished; run 'asc-jax pretrain {experiment.name}' first")
    name = evaluation.round or finished[-1]
    if name not in finished:
        raise UserError(f"{experiment.folder}: {name} has not finished; finished are {', '.join(finished)}")
    print_tables(*details_tables(name, read_csv(experiment.predictions(name))))
    print(read_leak(experiment.folder / name))
    _print_rounds(experiment)


def _train(command: str, training: Training) -> None:
    """Runs the rounds of one command, each where it stopped, and prints the table of all finished rounds."""
    experiment = dataclasses.replace(training.experiment, **{command: training.phase})
    _use_compilation_cache()
    from asc_jax.train.rounds import run

    for each in rounds(experiment, command):
        run(experiment, each, _records(experiment, each))
    _print_rounds(experiment)


def _records(experiment: Experiment, each: Round):
    """The data set that a round learns from; the split is chosen for the target, and the source keeps its own."""
    from asc_jax.data.records import RATE
    from asc_jax.data.splits import open_records

    source = None if each.data == "scenes" else getattr(experiment, each.data)
    chosen = () if each.command == "pretrain" else (experiment.split, experiment.hold_out)
    records = open_records(prepared(each.data, source, experiment), *chosen)
    if records.samples != round(experiment.seconds * RATE):
        raise UserError(f"{records.path}: its clips are of {records.samples / RATE:g} s; say so with --seconds")
    return records


def _use_compilation_cache() -> None:
    """Keeps compiled programs between processes, where JAX_COMPILATION_CACHE_DIR says or in the user's cache."""
    import jax

    default = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "asc_jax" / "xla"
    if not jax.config.jax_compilation_cache_dir:
        jax.config.update("jax_compilation_cache_dir", str(default))


def _finished(experiment: Experiment) -> list[Round]:
    return [each for each in all_rounds(experiment) if experiment.predictions(each.name).exists()]


def _print_rounds(experiment: Experiment) -> None:
    from asc_jax.evaluate.predict import read_csv
    from asc_jax.evaluate.tables import rounds_table

    results = {each.name: (each.data, read_csv(experiment.predictions(each.name))) for each in _finished(experiment)}
    print_tables(rounds_table(results))

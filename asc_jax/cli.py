"""The command line: asc-jax COMMAND EXPERIMENT [options]."""

import dataclasses
import importlib
import os
import pkgutil
import sys
from pathlib import Path
from typing import Annotated

import tyro

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


def prepare(experiment: Experiment) -> None:
    """Prepare the recordings that an experiment learns from."""
    for name in dict.fromkeys((experiment.source, experiment.target)):
        print(_prepared(experiment, name))


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
    from asc_jax.evaluate.predict import read_csv
    from asc_jax.evaluate.tables import details_tables

    experiment = evaluation.experiment
    finished = [each.name for each in _finished(experiment)]
    if not finished:
        raise UserError(f"{experiment.folder}: no round has finished; run 'asc-jax pretrain {experiment.name}' first")
    name = evaluation.round or finished[-1]
    if name not in finished:
        raise UserError(f"{experiment.folder}: {name} has not finished; finished are {', '.join(finished)}")
    _print(*details_tables(name, read_csv(experiment.predictions(name))))
    _print_rounds(experiment)


COMMANDS = (prepare, pretrain, finetune, pseudolabel, scratch, evaluate)


def _train(command: str, training: Training) -> None:
    """Runs the rounds of one command, each where it stopped, and prints the table of all finished rounds."""
    experiment = dataclasses.replace(training.experiment, **{command: training.phase})
    _use_compilation_cache()
    from asc_jax.data.records import open_records
    from asc_jax.train.rounds import run

    for each in rounds(experiment, command):
        run(experiment, each, open_records(_prepared(experiment, each.data)))
    _print_rounds(experiment)


def _use_compilation_cache() -> None:
    """Keeps compiled programs between processes, where JAX_COMPILATION_CACHE_DIR says or in the user's cache."""
    import jax

    default = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "asc_jax" / "xla"
    if not jax.config.jax_compilation_cache_dir:
        jax.config.update("jax_compilation_cache_dir", str(default))


def _prepared(experiment: Experiment, name: str) -> Path:
    """The folder of a data set's records, which are made now unless they are there."""
    from rich.progress import Progress

    from data_prep import prepare as prepare_records

    recordings = None if name == "scenes" else getattr(experiment, name)
    with Progress(transient=True, disable=not sys.stdout.isatty()) as bar:
        task = bar.add_task(f"preparing {name}", total=None)
        return prepare_records(
            name,
            recordings,
            experiment.seconds,
            experiment.scenes_seed,
            experiment.data_dir,
            lambda done, total: bar.update(task, completed=done, total=total),
        )


def _finished(experiment: Experiment) -> list[Round]:
    return [each for each in all_rounds(experiment) if experiment.predictions(each.name).exists()]


def _print_rounds(experiment: Experiment) -> None:
    from asc_jax.evaluate.predict import read_csv
    from asc_jax.evaluate.tables import rounds_table

    results = {each.name: (each.data, read_csv(experiment.predictions(each.name))) for each in _finished(experiment)}
    _print(rounds_table(results))


def _print(*tables) -> None:
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=160)  # a log file does not wrap
    for table in tables:
        console.print(table)


def experiments() -> dict[str, Experiment]:
    """Name -> experiment, of every file in the package `experiments`."""
    import experiments as package

    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    return {name: importlib.import_module(f"experiments.{name}").experiment for name in names}


def _choices(command) -> type:
    """A sub-command for every experiment, whose defaults are that experiment's values."""
    defaults, descriptions = {}, {}
    for name, experiment in experiments().items():
        if command is prepare:
            defaults[name] = experiment
        elif command is evaluate:
            defaults[name] = Evaluation(experiment)
        else:
            defaults[name] = Training(experiment, getattr(experiment, command.__name__))
        descriptions[name] = importlib.import_module(f"experiments.{name}").__doc__.split("\n")[0]
    return tyro.extras.subcommand_type_from_defaults(defaults, descriptions, prefix_names=False)


USAGE = """usage: asc-jax COMMAND EXPERIMENT [options]

{commands}

Experiments: {experiments}. Options: asc-jax COMMAND EXPERIMENT --help."""


def main(arguments: list[str] | None = None) -> None:
    """Runs one command; what the user can mend is told in one line, with exit status 2."""
    arguments = sys.argv[1:] if arguments is None else arguments
    commands = {command.__name__: command for command in COMMANDS}
    if not arguments or arguments[0] not in commands:
        told = "\n".join(f"  {name:<12} {command.__doc__}" for name, command in commands.items())
        usage = USAGE.format(commands=told, experiments=", ".join(experiments()))
        if arguments and arguments[0] in ("-h", "--help"):
            print(usage)
            return
        sys.exit(_fail(f"unknown command {arguments[0]!r}\n{usage}" if arguments else usage))
    command = commands[arguments[0]]
    chosen = tyro.cli(
        _choices(command), prog=f"asc-jax {arguments[0]}", description=command.__doc__, args=arguments[1:]
    )
    from data_prep import PrepareError

    try:
        command(chosen)
    except (UserError, PrepareError) as error:
        sys.exit(_fail(f"asc-jax: {error}"))


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 2

"""The command line: asc-jax COMMAND EXPERIMENT|DATASET|RUN [options]."""

import contextlib
import errno
import functools
import gc
import importlib
import inspect
import io
import os
import pkgutil
import signal
import sys
import typing
from collections.abc import Callable
from typing import Any

import tyro

from asc_jax.cli.bench import bench
from asc_jax.cli.calibrate import calibrate
from asc_jax.cli.common import only_common
from asc_jax.cli.complexity import complexity
from asc_jax.cli.data import data_check, data_describe, prepare
from asc_jax.cli.embed import embed
from asc_jax.cli.ensemble import ensemble
from asc_jax.cli.export import export
from asc_jax.cli.listen import listen
from asc_jax.cli.predict import predict
from asc_jax.cli.recipe import train
from asc_jax.cli.runs import card, compare, evaluate, report
from asc_jax.cli.spelling import HELP, check_arguments, check_word, parse
from asc_jax.cli.training import Training, finetune, pretrain, pseudolabel, scratch
from asc_jax.cli.version import print_version
from asc_jax.cli.watching import watched
from asc_jax.cli.weights import export_weights, import_weights
from asc_jax.config import DataSetName, Experiment
from asc_jax.errors import UserError
from asc_jax.train.stopping import STATUS, Preempted
from data_prep.nearest import nearest

COMMANDS = (
    train,
    prepare,
    data_check,
    data_describe,
    pretrain,
    finetune,
    pseudolabel,
    scratch,
    calibrate,
    ensemble,
    evaluate,
    compare,
    report,
    card,
    predict,
    embed,
    listen,
    export,
    import_weights,
    export_weights,
    complexity,
    bench,
)
ADVICE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS), "make room, or choose another place"),
    **dict.fromkeys((errno.EACCES, errno.EPERM), "change its permissions, or choose another place"),
    **dict.fromkeys((errno.ESTALE, errno.EIO, errno.ETIMEDOUT), "this may pass: repeat the command"),
    errno.ENOENT: "name a place that is there",
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG), "choose another place"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE, errno.ENOMEM), "raise the limit (ulimit), or stop other programs"),
}
USAGE = """usage: asc-jax train RECORDINGS --out RUN [options]
       asc-jax COMMAND EXPERIMENT [options]
       asc-jax prepare|data check|data describe DATASET [SOURCE] [options]
       asc-jax evaluate|report|card RUN [options]
       asc-jax calibrate RUN [--on RUN] [options]
       asc-jax compare RUN RUN...
       asc-jax ensemble RUN... --out PLACE
       asc-jax predict RUN PATH... [options]
       asc-jax embed RUN PATH... --out FILE [options]
       PROGRAM | asc-jax listen RUN [options]
       asc-jax export RUN --format stablehlo|onnx|tflite|savedmodel|micro|web|dcase [options]
       asc-jax import-weights FILE.ckpt | export-weights RUN --out PLACE [options]
       asc-jax complexity RUN|EXPERIMENT [options]
       asc-jax bench [SECTION...] [options]
       asc-jax --version

{commands}

Experiments: {experiments}. Data sets: {datasets}.
A run is a folder such as runs/demo.
Options: asc-jax COMMAND EXPERIMENT --help (the common ones; --help-all: all), or asc-jax COMMAND --help."""


def experiments() -> dict[str, Experiment]:
    """Name -> experiment, of every file in the package `experiments` that defines one."""
    import experiments as package

    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    modules = {name: importlib.import_module(f"experiments.{name}") for name in names}
    return {name: module.experiment for name, module in modules.items() if hasattr(module, "experiment")}


def _choices(command: Callable, brief: bool) -> type:
    """A sub-command for every experiment, whose defaults are that experiment's values; `brief` hides rare options."""
    defaults, descriptions = {}, {}
    for name, experiment in experiments().items():
        training = Training(experiment, getattr(experiment, command.__name__))
        defaults[name] = only_common(training) if brief else training
        descriptions[name] = (importlib.import_module(f"experiments.{name}").__doc__ or "").split("\n")[0]
        descriptions[name] += " These are the common options; --help-all shows all." if brief else ""
    return tyro.extras.subcommand_type_from_defaults(defaults, descriptions, prefix_names=False)


def _argument(command: Callable) -> type:
    """The type of what a command takes."""
    (parameter,) = inspect.signature(command).parameters.values()
    return parameter.annotation


def main(arguments: list[str] | None = None) -> None:
    """Runs one command; errors of the user are reported in one line, with exit status 2; 75 after SIGTERM.

    tyro parses what follows the command's name. The name is looked up here: some are of two words (`data check`), and
    each command is a function of the options, of whose type several have the same.
    """
    _take_any_machine()
    gc.set_threshold(200_000, 20, 100)  # what tracing makes stays: garbage hunts take 1 s of the start
    arguments = sys.argv[1:] if arguments is None else arguments
    commands = {command.__name__.replace("_", "-").replace("data-", "data "): command for command in COMMANDS}
    words = 2 if arguments[:1] == ["data"] else 1
    name = " ".join(arguments[:words])
    if name not in commands:
        if status := _without_command(name, commands):
            sys.exit(status)
        return
    command = commands[name]
    try:
        chosen = _parsed(name, command, arguments[words:])
    except UserError as error:
        sys.exit(_fail(f"asc-jax: {error}"))
    except BrokenPipeError:
        sys.exit(_unread())
    several = isinstance(chosen, Training) and chosen.processes.distributed
    run = functools.partial(_run, command, chosen)
    if status := watched(run) if several else run():
        sys.exit(status)


def _without_command(name: str, commands: dict[str, Callable]) -> int:
    """The exit status of a line that begins with none of the commands."""
    if name == "--version":
        return _run(lambda _: print_version(), None)
    listed = "\n".join(f"  {name:<14} {command.__doc__}" for name, command in commands.items())
    usage = USAGE.format(
        commands=listed, experiments=", ".join(experiments()), datasets=", ".join(typing.get_args(DataSetName))
    )
    if name.removeprefix("data ") in HELP:
        return _run(print, usage)
    if second := [command.split()[1] for command in commands if command.startswith(f"{name} ")]:
        return _fail(f"asc-jax: after {name!r} comes {' or '.join(second)}; 'asc-jax --help' lists all commands")
    meant = nearest(name, commands) or ";"
    return _fail(f"asc-jax: there is no command {name!r}{meant} 'asc-jax --help' lists all" if name else usage)


def _parsed(name: str, command: Callable, arguments: list[str]) -> Any:
    """What a command takes, by its arguments; it exits where it prints help. UserError where they are wrong."""
    options = _argument(command)
    if command in (predict, embed):
        arguments = list(map(_path, arguments))
    if not set(HELP).intersection(arguments):
        if options is Training:
            _check_experiment(name, arguments)
        check_arguments(options, arguments)
    if options is Training:
        options = _choices(command, brief=bool({"-h", "--help"}.intersection(arguments[1:])))
    arguments = ["--help" if word == "--help-all" else word for word in arguments]
    return parse(options, f"asc-jax {name}", command.__doc__, arguments)


def _check_experiment(name: str, arguments: list[str]) -> None:
    """UserError unless the first argument is the name of an experiment."""
    if not arguments or arguments[0].startswith("-"):
        raise UserError(f"asc-jax {name} needs an experiment first: choose {', '.join(experiments())}")
    check_word("experiment", arguments[0], experiments())


def _take_any_machine() -> None:
    """Prints names that are not UTF-8, and draws without the backend that a notebook sets for its own process."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it is closed
            setattr(sys, name, open(os.devnull, "w"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    os.environ["MPLBACKEND"] = "agg"


def _path(argument: str) -> str:
    """A name that begins with one dash, which is no option of `predict` or `embed`, is that of a file here."""
    return f"./{argument}" if len(argument) > 2 and argument[0] == "-" != argument[1] else argument


def _run(command: Callable[[Any], None], chosen: Any) -> int:
    """The exit status of a command, whose errors are reported."""
    from data_prep import PrepareError

    try:
        command(chosen)
        sys.stdout.flush()
    except (UserError, PrepareError) as error:
        return _fail(f"asc-jax: {error}")
    except Preempted as error:
        return _fail(f"asc-jax: {error}", STATUS)
    except BrokenPipeError:
        return _unread()
    except OSError as error:
        if error.errno not in ADVICE:
            raise
        _drop_unwritten()
        return _fail(f"asc-jax: {error.filename or 'the disk'}: {error.strerror}; {ADVICE[error.errno]}")
    return 0


def _unread() -> int:
    """The exit status where whoever read the output has had enough of it."""
    _drop_unwritten()
    return 128 + signal.SIGPIPE


def _drop_unwritten() -> None:
    """Forgets output that cannot be written: Python would try again as it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, status: int = 2) -> int:
    with contextlib.suppress(OSError):  # standard error may be a file on the full disk
        print(message, file=sys.stderr)
    return status

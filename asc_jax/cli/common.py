"""The help of the training commands: the options that most people need; --help-all shows the others, too."""

import dataclasses
import typing
from collections.abc import Iterable
from typing import Annotated, Any

import tyro

from asc_jax.cli.training import Training

COMMON = (
    *("seconds", "fit", "skip_bad", "split", "workdir", "seed"),
    *("epochs", "batch_size", "learning_rate"),
)


def only_common(training: Training) -> Training:
    """The same values with types of which tyro shows the COMMON options alone, and those of the experiment's data."""
    data = (training.experiment.source, training.experiment.target)
    experiment, phase = (_showing((*COMMON, *data), each) for each in (training.experiment, training.phase))
    types = {
        name: Annotated[type(each), tyro.conf.OmitArgPrefixes]
        for name, each in (("experiment", experiment), ("phase", phase))
    }
    return _showing(types, Training(experiment, phase, training.processes), types)


def _showing(shown: Iterable[str], options: Any, types: dict[str, Any] | None = None) -> Any:
    """A dataclass with the values of another, whose other fields tyro hides; `types` are those of some fields."""
    hints = typing.get_type_hints(type(options), include_extras=True)
    hidden = {name: Annotated[hint, tyro.conf.Suppress] for name, hint in hints.items() if name not in shown}
    made = type(type(options).__name__, (type(options),), {"__annotations__": hidden | (types or {})})
    values = {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}
    return dataclasses.dataclass(frozen=True, kw_only=True)(made)(**values)

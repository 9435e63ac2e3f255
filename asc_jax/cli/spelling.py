"""Misspelt words of a command line, answered with the nearest in one line; tyro does it for the names of options."""

import dataclasses
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from asc_jax.errors import UserError
from data_prep.nearest import nearest


def check_word(kind: str, word: str, known: Iterable[str]) -> None:
    """UserError unless a word is known, such as the name of an experiment."""
    if word not in (known := list(known)):
        raise UserError(f"there is no {kind} {word!r}: choose {', '.join(known)}{nearest(word, known)}")


def check_choices(options: type, arguments: Sequence[str]) -> None:
    """UserError for the first argument that is none of the choices of its option, or of the first positional field.

    `options` is a dataclass whose fields, also those of dataclasses in it, are options as tyro has them.
    """
    before = next((number for number, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    for name, hint in _fields(options):
        choices = _choices(hint)
        if choices and typing.get_origin(hint) is typing.Annotated:  # positional
            for word in arguments[: before if "tuple" in str(hint) else min(before, 1)]:
                check_word(name, word, choices)
        elif choices:
            for word, value in _options(arguments):
                if word == f"--{name.replace('_', '-')}" and value not in choices:
                    raise UserError(f"{word} {value}: choose {', '.join(choices)}{nearest(value, choices)}")


def _fields(options: type) -> Iterator[tuple[str, Any]]:
    """(name, type) of every field, nested ones too."""
    for name, hint in typing.get_type_hints(options, include_extras=True).items():
        inner = typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint
        if dataclasses.is_dataclass(inner):
            yield from _fields(typing.cast(type, inner))
        else:
            yield name, hint


def _choices(hint: Any) -> list[str]:
    """The words that a type allows, none if it is not one of words alone."""
    if typing.get_origin(hint) is Literal:
        return list(typing.get_args(hint))
    return [word for inner in typing.get_args(hint) if inner is not type(None) for word in _choices(inner)]


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(option, its value) of `--option value` and `--option=value`."""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=False):
        option, sign, value = word.partition("=")
        if sign or following:
            yield option, value if sign else following

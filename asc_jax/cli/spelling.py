"""What is wrong with the words of a command line, in one line; tyro's own messages are boxes of several."""

import contextlib
import dataclasses
import io
import itertools
import types
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, TypeVar

import tyro

from asc_jax.errors import UserError
from data_prep.nearest import nearest

Options = TypeVar("Options")
HELP = ("-h", "--help", "--help-all")
NUMBERS = {int: "a whole number", float: "a number"}


def parse(options: type[Options], prog: str, description: str | None, arguments: Sequence[str]) -> Options:
    """The options that the arguments give, by tyro, which prints help and exits; UserError where it prints an error."""
    box = io.StringIO()
    try:
        with contextlib.redirect_stderr(box):
            chosen, left = tyro.cli(
                options, prog=prog, description=description, args=arguments, return_unknown_args=True
            )
    except SystemExit as stop:
        if stop.code:
            raise UserError(f"{_in_one_line(box.getvalue())}; '{prog} --help' explains it") from None
        raise
    if left:
        raise UserError(f"{prog} does not take {' '.join(map(repr, left))}; '{prog} --help' lists what it takes")
    return chosen


def _in_one_line(box: str) -> str:
    """The text of a box, without its title, up to the first rule or empty line."""
    rows = [row[1:-1].strip() for row in box.splitlines()[1:]]
    return " ".join(itertools.takewhile(lambda row: row.strip("─-"), rows)) or " ".join(box.split())


def check_word(kind: str, word: str, known: Iterable[str]) -> None:
    """UserError unless a word is known, such as the name of an experiment."""
    if word not in (known := list(known)):
        raise UserError(f"there is no {kind} {word!r}: choose {', '.join(known)}{nearest(word, known)}")


def check_arguments(options: type, arguments: Sequence[str]) -> None:
    """UserError for the first argument that is no option, or no value of its option or of the first positional field.

    `options` is a dataclass whose fields, also those of dataclasses in it, are options as tyro has them.
    """
    fields = list(_fields(options))
    named = {f"--{name.replace('_', '-')}": hint for name, hint, positional in fields if not positional}
    for word, value in _options(arguments):
        hint = named.get(word, named.get(word.replace("--no-", "--", 1)))
        if hint is None:
            raise UserError(f"there is no option {word}{nearest(word, named) or '; --help-all lists them'}")
        _check_value(word, value, hint)
    before = next((number for number, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    for name, hint, positional in fields:
        if positional and (choices := _choices(hint)):
            for word in arguments[: before if "tuple" in str(hint) else min(before, 1)]:
                check_word(name, word, choices)


def _check_value(option: str, value: str | None, hint: Any) -> None:
    """UserError where the value of an option is missing, no number, or none of its choices."""
    allowed = {each for each in (typing.get_args(hint) if _is_union(hint) else (hint,)) if each is not type(None)}
    if allowed == {bool} or "tuple" in str(hint):
        return
    choices = _choices(hint)
    if value is None:
        raise UserError(f"{option}: choose {', '.join(choices)}" if choices else f"{option}: a value must follow it")
    if choices and value not in choices:
        raise UserError(f"{option} {value}: choose {', '.join(choices)}{nearest(value, choices)}")
    for number, called in NUMBERS.items():
        if allowed == {number}:
            try:
                number(value)
            except ValueError:
                raise UserError(f"{option} {value}: must be {called}") from None


def _fields(options: type) -> Iterator[tuple[str, Any, bool]]:
    """(name as an option, type, whether it is positional) of every field that can be given, nested ones too."""
    for name, hint in typing.get_type_hints(options, include_extras=True).items():
        inner, *notes = typing.get_args(hint) if typing.get_origin(hint) is typing.Annotated else [hint]
        if tyro.conf.Fixed in notes:
            continue
        if dataclasses.is_dataclass(inner):
            yield from _fields(typing.cast(type, inner))
        else:
            given = next((each.name for each in notes if getattr(each, "name", None)), name)  # tyro.conf.arg(name=...)
            yield given, inner, tyro.conf.Positional in notes


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _choices(hint: Any) -> list[str]:
    """The words or numbers that a type allows, as they are written; none if it allows others, too."""
    if typing.get_origin(hint) is Literal:
        return [str(each) for each in typing.get_args(hint)]
    return [word for inner in typing.get_args(hint) if inner is not type(None) for word in _choices(inner)]


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """(option, its value) of `--option value` and `--option=value`; None where an option follows, or nothing."""
    for word, following in itertools.zip_longest(arguments, arguments[1:]):
        option, sign, value = word.partition("=")
        if option.startswith("--") and len(option) > 2:
            following = None if following and following.startswith("--") else following
            yield option.replace("_", "-"), value if sign else following

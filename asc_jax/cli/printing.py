"""What the commands print besides plain lines."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from asc_jax.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

Item = TypeVar("Item")


def print_tables(*tables: "Table") -> None:
    """Prints rich tables, without the columns that are empty in all rows."""
    shown = console(stderr=False)
    for table in tables:
        table.columns = [column for column in table.columns if any(column.cells) or not table.row_count]
        shown.print(table)


def console(stderr: bool) -> "Console":
    """A rich console that takes names of files and scenes for text, brackets and all; a log file does not wrap."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else 160, markup=False, emoji=False, highlight=False)


def tracked(items: Iterable[Item], doing: str, count: int | None = None) -> Iterable[Item]:
    """The same items, with a progress bar on a terminal; `count` is how many there are, where they cannot say."""
    from rich.progress import track

    shown = console(stderr=True)
    return track(items, doing, count, console=shown, disable=not shown.is_terminal)


def progress_bar(name: str) -> "Progress":
    """A rich.progress.Progress on standard error, for tasks with the fields rate (clips/s) and read (GB)."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    fields = TextColumn("clips  {task.fields[rate]:.0f} clips/s  {task.fields[read]:.1f} GB read")
    columns = (
        TextColumn(name, markup=False),
        BarColumn(10),
        MofNCompleteColumn(),
        fields,
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console(stderr=True))


def check_output() -> None:
    """UserError where standard output is closed, for a command whose results go nowhere else."""
    if sys.__stdout__ is None:
        raise UserError(
            "standard output is closed, so nobody would see a result: leave it open, or append it to a file"
        )


def check_writable(option: str, file: Path) -> None:
    """UserError where the file that an option names cannot be written, found before anything is computed."""
    if not file.parent.is_dir():
        raise UserError(f"{option} {file}: there is no folder {file.parent}; make it first")
    if file.is_dir():
        raise UserError(f"{option} {file}: is a folder; name a file")
    new = not file.exists()
    try:
        file.open("a").close()
    except OSError as error:
        raise UserError(f"{option} {file}: cannot be written ({error.strerror}); name another file") from error
    if new:
        file.unlink()

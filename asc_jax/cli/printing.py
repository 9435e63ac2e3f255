"""What the commands print besides plain lines."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table


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

"""What the commands print besides plain lines."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table


def print_tables(*tables: "Table") -> None:
    """Prints rich tables."""
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=160)  # a log file does not wrap
    for table in tables:
        console.print(table)


def progress_bar(name: str) -> "Progress":
    """A rich.progress.Progress on standard error, for tasks with the fields rate (clips/s) and read (GB)."""
    from rich.console import Console
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
        TextColumn(name),
        BarColumn(10),
        MofNCompleteColumn(),
        fields,
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True))

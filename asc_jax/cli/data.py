"""The commands on recordings: asc-jax prepare|data check|data describe DATASET [SOURCE]."""

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from asc_jax.cli.printing import print_tables, progress_bar
from asc_jax.config import DataSetName, Preparation
from asc_jax.errors import UserError

if TYPE_CHECKING:
    from asc_jax.data.records import Records


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recordings(Preparation):
    """A data set, and how it is prepared."""

    name: tyro.conf.Positional[DataSetName]
    """Which data set; clips are your own recordings."""
    source: tyro.conf.Positional[str | None] = None
    """Folder (for clips also a list) of its recordings, or what 'asc-jax prepare' printed; scenes needs none."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SplitRecordings(Recordings):
    """A data set under one of its splits."""

    split: str | None = None
    """session, city, device or a column of its table (default: the data set's own)."""
    test_fold: str | None = None
    """What the split keeps for the test: the number of a fold of sessions, a city or a device."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Description(SplitRecordings):
    """A data set under one of its splits, and where its picture goes."""

    picture: str = "data.png"
    """File of the picture; its ending (png, pdf, svg) says the format."""


def prepare(recordings: Recordings) -> None:
    """Turn recordings into records, and print the folder that holds them."""
    print(prepared(recordings.name, recordings.source, recordings))


def data_check(recordings: SplitRecordings) -> None:
    """Count the test clips that share a session or audio with training."""
    from asc_jax.data.leaks import leaks_table

    print_tables(leaks_table(_opened(recordings)))


def data_describe(recordings: Description) -> None:
    """Describe a data set in tables and a picture."""
    if Path(recordings.picture).suffix not in (".png", ".pdf", ".svg"):
        raise UserError(f"--picture {recordings.picture}: must end in .png, .pdf or .svg")
    if not Path(recordings.picture).parent.is_dir():
        raise UserError(f"--picture {recordings.picture}: there is no such folder; make it first")
    from asc_jax.data.describe import summary
    from asc_jax.data.picture import draw

    records = _opened(recordings)
    print_tables(*summary(records))
    draw(records, Path(recordings.picture))
    print(recordings.picture)


def _opened(recordings: SplitRecordings) -> "Records":
    from asc_jax.data.splits import open_records

    folder = prepared(recordings.name, recordings.source, recordings)
    return open_records(folder, recordings.split, recordings.test_fold)


def prepared(name: str, source: str | None, how: Preparation) -> Path:
    """The folder of a data set's records, which are made now unless they are there."""
    from data_prep import prepare as prepare_records
    from data_prep.faults import odd

    bar = progress_bar(f"preparing {name}")

    def progress(done: int, total: int, read: int) -> None:
        if not bar.task_ids:
            bar.start()
            bar.add_task("", total=total, rate=0.0, read=0.0)
        rate = done / max(bar.tasks[0].elapsed or 0, 1e-3)
        bar.update(bar.task_ids[0], completed=done, rate=rate, read=read / 1e9)

    options = {field.name: getattr(how, field.name) for field in dataclasses.fields(Preparation)}
    seed = options.pop("scenes_seed")
    try:
        folder = prepare_records(name, source, seed=seed, progress=progress, **options)
    finally:
        if bar.task_ids:
            bar.stop()
    if bar.task_ids:
        _warn(odd(folder))
    return folder


def _warn(lines: list[str]) -> None:
    """Prints the first of what is odd about recordings, and counts the rest."""
    from data_prep.faults import SHOWN

    for line in lines[:SHOWN]:
        print(f"asc-jax: {line}", file=sys.stderr)
    if len(lines) > SHOWN:
        print(f"asc-jax: ... and {len(lines) - SHOWN:,} more", file=sys.stderr)

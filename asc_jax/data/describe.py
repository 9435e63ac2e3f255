"""What a prepared data set holds: counts per split, scene, device and city, and what is unusual in its sound."""

import json
from collections.abc import Iterable

import pandas
from rich.table import Table

from asc_jax.data.records import Records
from asc_jax.data.splits import SPLITS
from asc_jax.net.frontend import RATE

NO_SPLIT, UNKNOWN = "(in no split)", "(unknown)"
QUIET_DB, LOUD_DB = -60.0, -0.1  # dBFS; peaks below and above are counted


def summary(records: Records) -> list[Table]:
    """The tables of `asc-jax data describe`."""
    table = _described(records)
    kinds = [name for name in ("truth", "device", "city") if table[name].ne("").any()]
    counts = [_counts(table, name, records.scenes if name == "truth" else sorted(set(table[name]))) for name in kinds]
    return [_splits(records, table), *counts, _sound(table), *_left_out(records)]


def _described(records: Records) -> pandas.DataFrame:
    """The clips' table with their split, and numbers where it has numbers."""
    numbers = ("seconds", "rate", "channels", "peak_db", "rms_db", "silent", "clipped")
    table = records.clips.table.assign(split=records.splits.replace("", NO_SPLIT))
    return table.assign(**{name: pandas.to_numeric(table[name]) for name in numbers})


def _in_order(table: pandas.DataFrame) -> list[str]:
    return [split or NO_SPLIT for split in SPLITS if (table["split"] == (split or NO_SPLIT)).any()]


def _splits(records: Records, table: pandas.DataFrame) -> Table:
    """A row for each split; columns of which it has nothing, such as cities, are left out."""
    hours = records.samples / RATE / 3600
    groups = {name: table[table["split"] == name] for name in _in_order(table)} | {"all": table}
    counts = pandas.DataFrame({name: _split(clips) for name, clips in groups.items()}).T
    counts = counts.loc[:, counts.ne(0).any()]
    shown = Table("split", title=f"{records.path}, split {records.split_by}")
    for column in ("clips", "hours", *counts.columns):
        shown.add_column(column, justify="right")
    for name, clips in groups.items():
        shown.add_row(
            name, f"{len(clips):,}", f"{len(clips) * hours:.2f}", *(f"{count:,}" for count in counts.loc[name])
        )
    return shown


def _split(clips: pandas.DataFrame) -> dict[str, int]:
    """How many clips have a label and how many have none, and how many different scenes, sessions, ... they have."""
    labelled = int(clips["label"].ne("").sum())
    columns = {"scenes": "label", "sessions": "session", "devices": "device", "cities": "city"}
    distinct = {name: clips[column][clips[column].ne("")].nunique() for name, column in columns.items()}
    return {"labelled": labelled, "unlabelled": len(clips) - labelled} | distinct


def _counts(table: pandas.DataFrame, name: str, values: Iterable[str]) -> Table:
    """Clips per value of one column, in this order, and per split; those without a value last."""
    counts = pandas.crosstab(table[name].replace("", UNKNOWN), table["split"], margins=True, margins_name="all")
    rows = [value for value in (*values, UNKNOWN, "all") if value in counts.index]
    counts = counts.loc[rows, [*_in_order(table), "all"]]
    shown = Table("scene" if name == "truth" else name)
    for split in counts.columns:
        shown.add_column(str(split), justify="right")
    for value, row in counts.iterrows():
        shown.add_row(str(value), *(f"{count:,}" if count else "" for count in row))
    return shown


def _sound(table: pandas.DataFrame) -> Table:
    """Level and silence, over the clips as they are stored."""
    shown = Table("sound", "lowest", "5 %", "median", "95 %", "highest")
    units = {"peak_db": "peak in dBFS", "rms_db": "RMS in dBFS", "seconds": "recording in s"}
    for column, name in units.items():
        shown.add_row(name, *(f"{value:.1f}" for value in table[column].quantile([0, 0.05, 0.5, 0.95, 1])))
    share = (100 * table["silent"]).quantile([0, 0.05, 0.5, 0.95, 1])
    shown.add_row("silence in % of a clip", *(f"{value:.1f}" for value in share))
    formats = table.groupby(["rate", "channels"]).size().sort_values(ascending=False).reset_index().to_numpy().tolist()
    counts = [f"{count:,} at {rate:,} Hz, {channels} channel(s)" for rate, channels, count in formats]
    quiet, loud = (table["peak_db"] < QUIET_DB).sum(), (table["peak_db"] > LOUD_DB).sum()
    shown.caption = (
        f"{quiet:,} clips peak below {QUIET_DB:g} dBFS, {loud:,} above {LOUD_DB:g}; "
        f"{(table['clipped'] > 0).sum():,} hold samples at full scale. Recordings: {'; '.join(counts)}"
    )
    return shown


def _left_out(records: Records) -> list[Table]:
    faults = pandas.DataFrame(json.loads((records.path / "metadata.json").read_text())["left_out"])
    if faults.empty:
        return []
    shown = Table("left out because", "recordings")
    for reason, count in faults["reason"].value_counts().items():
        shown.add_row(str(reason), f"{count:,}")
    return [shown]

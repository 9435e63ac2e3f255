"""What a prepared data set holds: counts per split, scene, device and city, and what is unusual in its sound."""

import json

import pandas
from rich.table import Table

from asc_jax.data.records import Records
from asc_jax.data.splits import SPLITS
from asc_jax.net.frontend import RATE

NO_SPLIT = "(in no split)"
QUIET_DB, LOUD_DB = -60.0, -0.1  # dBFS; peaks below and above are counted


def summary(records: Records) -> list[Table]:
    """The tables of `asc-jax data describe`."""
    table = _described(records)
    kinds = [name for name in ("truth", "device", "city") if table[name].ne("").any()]
    return [_splits(records, table), *(_counts(table, name) for name in kinds), _sound(table), *_left_out(records)]


def _described(records: Records) -> pandas.DataFrame:
    """The clips' table with their split, and numbers where it has numbers."""
    numbers = ("seconds", "rate", "channels", "peak_db", "rms_db", "silent", "clipped")
    table = records.clips.table.assign(split=records.splits.replace("", NO_SPLIT))
    return table.assign(**{name: pandas.to_numeric(table[name]) for name in numbers})


def _in_order(table: pandas.DataFrame) -> list[str]:
    return [split or NO_SPLIT for split in SPLITS if (table["split"] == (split or NO_SPLIT)).any()]


def _splits(records: Records, table: pandas.DataFrame) -> Table:
    hours = records.samples / RATE / 3600
    shown = Table("split", title=f"{records.path}, split {records.split_by}")
    for column in ("clips", "hours", "labelled", "scenes", "sessions", "devices", "cities"):
        shown.add_column(column, justify="right")
    groups = [(name, table[table["split"] == name]) for name in _in_order(table)]
    for name, clips in [*groups, ("all", table)]:
        distinct = [clips[column][clips[column].ne("")].nunique() for column in ("label", "session", "device", "city")]
        labelled = clips["label"].ne("").sum()
        shown.add_row(name, f"{len(clips):,}", f"{len(clips) * hours:.2f}", f"{labelled:,}", *map(str, distinct))
    return shown


def _counts(table: pandas.DataFrame, name: str) -> Table:
    """Clips per value of one column and split."""
    counts = pandas.crosstab(table[name].replace("", "(unknown)"), table["split"], margins=True, margins_name="all")
    counts = counts[[*_in_order(table), "all"]]
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

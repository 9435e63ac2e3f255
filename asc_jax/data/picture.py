"""One picture of a data set: how many clips each scene has in each split, and what the scenes look like."""

from pathlib import Path

import numpy as np
import pandas
from matplotlib.figure import Figure, FigureBase

from asc_jax.data.records import Records
from asc_jax.data.splits import SPLITS
from asc_jax.net.frontend import BANDS, HOP, RATE, log_mel
from asc_jax.net.scenenet import to_waveform

# one for each of SPLITS; those of Okabe and Ito, which the colour-blind can tell apart
COLOURS = ("#0072B2", "#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#999999")
EXAMPLES = 4  # clips shown of each scene
RANGE_DB = 60.0  # below the loudest band of a clip


def draw(records: Records, file: Path) -> None:
    """Writes the picture as PNG (or whatever the file's ending says)."""
    figure = Figure(figsize=(12, 1.4 + 0.95 * len(records.scenes)), layout="constrained")
    counts, examples = figure.subfigures(1, 2, squeeze=False, width_ratios=(1, 2))[0]
    _draw_counts(counts, records)
    _draw_examples(examples, records)
    figure.savefig(file, dpi=110)


def _draw_counts(figure: FigureBase, records: Records) -> None:
    axes = figure.subplots()
    truth = records.clips.table["truth"]
    table = pandas.crosstab(truth, records.splits).reindex(index=records.scenes, fill_value=0)
    left = np.zeros(len(table))
    for split, colour in zip(SPLITS, COLOURS, strict=True):
        if split in table and table[split].any():
            axes.barh(table.index, table[split], left=left, label=split or "(in no split)", color=colour)
            left += table[split].to_numpy()
    axes.invert_yaxis()
    unknown = truth.eq("").sum()
    axes.set_xlabel(f"clips ({unknown:,} more are of unknown scenes)" if unknown else "clips")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)


def _draw_examples(figure: FigureBase, records: Records) -> None:
    """A row of log-mel spectrograms for each scene, spread over its clips."""
    grid = figure.subplots(len(records.scenes), EXAMPLES, squeeze=False)
    for scene, row in zip(records.scenes, grid, strict=True):
        numbers = np.flatnonzero(records.clips.table["truth"].eq(scene))
        chosen = numbers[np.linspace(0, len(numbers) - 1, min(EXAMPLES, len(numbers))).astype(int)]
        row[0].set_ylabel(scene.replace("_", " ").replace(" ", "\n"), rotation=0, ha="right", va="center", fontsize=8)
        for axes in row:
            axes.set(xticks=[], yticks=[])
        for axes, number in zip(row, chosen, strict=False):
            mel = np.asarray(log_mel(to_waveform(records.clips.audio([number]))))[0].T  # [F, T]
            extent = (0, mel.shape[1] * HOP / RATE, 0, BANDS)
            limits = {"vmin": mel.max() - RANGE_DB, "vmax": mel.max()}
            axes.imshow(mel, origin="lower", aspect="auto", cmap="cividis", extent=extent, **limits)
    figure.suptitle(f"log-mel, {BANDS} bands up to 8 kHz, {records.samples / RATE:g} s, {RANGE_DB:g} dB", fontsize=10)

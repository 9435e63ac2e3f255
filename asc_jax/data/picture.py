"""One picture of a data set: clips of each scene and split, log-mel spectrograms, and the devices' spectra."""

from pathlib import Path

import numpy as np
import pandas
from matplotlib.figure import Figure, FigureBase

from asc_jax.data.records import Records
from asc_jax.data.spectra import MOST, RANGE_DB, average_spectrum, draw_mel, draw_spectra, mel_of
from asc_jax.data.splits import SPLITS
from asc_jax.net.frontend import BANDS

# one for each of SPLITS; those of Okabe and Ito, which the colour-blind can tell apart
COLOURS = ("#0072B2", "#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#999999")
EXAMPLES = 4  # clips shown of each scene
UNKNOWN = "(unknown scene)"


def draw(records: Records, file: Path) -> None:
    """Writes the picture as PNG (or whatever the file's ending says)."""
    figure = Figure(figsize=(12, 4.6 + 0.95 * len(records.scenes)), layout="constrained")
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(1.4 + 0.95 * len(records.scenes), 3.2))[:, 0]
    counts, examples = above.subfigures(1, 2, squeeze=False, width_ratios=(1, 2))[0]
    _draw_counts(counts, records)
    _draw_examples(examples, records)
    _draw_devices(below, records)
    figure.savefig(file, dpi=110)


def _draw_counts(figure: FigureBase, records: Records) -> None:
    """A bar for each scene, and for clips of unknown scenes; the legend counts each split's unlabelled clips."""
    axes = figure.subplots()
    clips = records.clips.table
    truth = clips["truth"].replace("", UNKNOWN)
    rows = [*records.scenes, *([UNKNOWN] if truth.eq(UNKNOWN).any() else [])]
    table = pandas.crosstab(truth, records.splits).reindex(index=rows, fill_value=0)
    left = np.zeros(len(table))
    for split, colour in zip(SPLITS, COLOURS, strict=True):
        if split in table and table[split].any():
            unlabelled = (clips["label"].eq("") & records.splits.eq(split)).sum()
            label = f"{split or '(in no split)'}: {table[split].sum():,} clips"
            label += f", {unlabelled:,} of them without a label" if unlabelled else ""
            axes.barh([row.replace("_", " ") for row in rows], table[split], left=left, label=label, color=colour)
            left += table[split].to_numpy()
    axes.invert_yaxis()
    axes.set_xlabel("clips")
    figure.legend(loc="outside upper center", ncols=1, frameon=False)


def _draw_examples(figure: FigureBase, records: Records) -> None:
    """A row of log-mel spectrograms for each scene, spread over its clips."""
    grid = figure.subplots(len(records.scenes), EXAMPLES, squeeze=False, sharex=True, sharey=True)
    for scene, row in zip(records.scenes, grid, strict=True):
        numbers = np.flatnonzero(records.clips.table["truth"].eq(scene))
        chosen = numbers[np.linspace(0, len(numbers) - 1, min(EXAMPLES, len(numbers))).astype(int)]
        row[0].set_ylabel(scene.replace("_", " ").replace(" ", "\n"), rotation=0, ha="right", va="center", fontsize=8)
        for axes, number in zip(row, chosen, strict=False):
            draw_mel(axes, mel_of(records.clips.audio([number])[0]))
        for axes in row:
            axes.tick_params(labelsize=7)
    figure.supxlabel("time in s", fontsize=9)
    figure.supylabel("frequency in kHz", fontsize=9)
    figure.suptitle(f"log-mel, {BANDS} bands, the upper {RANGE_DB:g} dB of each clip", fontsize=10)


def _draw_devices(figure: FigureBase, records: Records) -> None:
    """The long-term average spectrum of each device; of all clips where no device is known."""
    device = records.clips.table["device"]
    names = sorted(set(device) - {""})
    groups = {name: np.flatnonzero(device == name) for name in names} or {"all clips": np.arange(len(device))}
    spectra = {name: average_spectrum(records.clips, numbers) for name, numbers in groups.items()}
    axes = figure.subplots()
    draw_spectra(axes, spectra, COLOURS)
    axes.set_title(f"long-term average spectrum of up to {MOST} clips of each device", fontsize=10)
    figure.legend(loc="outside right center", frameon=False, ncols=1 + len(spectra) // 12)

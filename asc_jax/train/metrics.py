"""What a round says while it learns: a CSV of one row per epoch, TensorBoard scalars, a progress bar."""

import csv
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from asc_jax.config import METRICS
from asc_jax.train.checkpoint import write_text

COLUMNS = ("step", "epoch", "learning_rate", "loss", "accuracy", "clips_per_second")


class MetricsLog:
    """metrics.csv and tensorboard/ of one round's folder; rows after the restored `step` are forgotten."""

    def __init__(self, folder: Path, step: int):
        from tensorboardX import SummaryWriter  # loads protobuf

        self.file = folder / METRICS
        kept = [row for row in read(self.file) if int(row["step"]) <= step] if self.file.exists() else []
        write_text(self.file, "\n".join([",".join(COLUMNS), *(",".join(row.values()) for row in kept)]) + "\n")
        self.writer = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def write(self, **row) -> None:
        """Adds one epoch: a value for each of COLUMNS."""
        with open(self.file, "a", newline="") as handle:
            csv.DictWriter(handle, COLUMNS, lineterminator="\n").writerow(row)
        for name in COLUMNS[2:]:
            self.writer.add_scalar(name, row[name], row["step"])

    def close(self) -> None:
        self.writer.close()


def read(file: Path) -> list[dict[str, str]]:
    """The rows of a metrics.csv."""
    with open(file, newline="") as handle:
        return list(csv.DictReader(handle))


def progress_bar() -> Progress:
    """A bar with loss, accuracy, clips/s and the time left."""
    fields = ("loss {0[loss]:.3f}", "accuracy {0[accuracy]:.1%}", "{0[clips_per_second]:.0f} clips/s")
    shown = "  ".join(fields).replace("{0", "{task.fields")
    return Progress(TextColumn("{task.description}"), BarColumn(), TextColumn(shown), TimeRemainingColumn())

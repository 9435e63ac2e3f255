"""The metrics of a round: a CSV with a row per epoch, TensorBoard scalars, a progress bar."""

import io
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pandas
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from asc_jax.config import METRICS
from asc_jax.processes import is_first
from asc_jax.train.claims import write_text
from asc_jax.typed import AnyPath

UNFINISHED = "unfinished_epoch.json"
COLUMNS = ("step", "epoch", "learning_rate", "loss", "accuracy", "clips_per_second")
OF_VALIDATION = ("validation_loss", "validation_accuracy")  # further columns, where there are validation clips


@contextmanager
def metrics_log(folder: AnyPath, step: int) -> Iterator[Callable[[dict], None]]:
    """A function that adds an epoch, a value for each of COLUMNS, to metrics.csv and tensorboard/ of a round's folder.

    Rows after the restored `step` are deleted. Only process 0 writes.
    """
    if not is_first():
        yield lambda row: None
        return
    from tensorboardX import SummaryWriter  # loads protobuf

    file = folder / METRICS
    rows = [row for row in read(file) if int(row["step"]) <= step] if file.exists() else []
    write_text(file, _to_csv(rows))
    with SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1) as writer:

        def write(row: dict) -> None:
            rows.append(row)
            write_text(file, _to_csv(rows))
            for name in (*COLUMNS[2:], *OF_VALIDATION):
                if name in row:
                    writer.add_scalar(name, row[name], row["step"])

        yield write


def keep_unfinished_epoch(folder: AnyPath, step: int, history: list[dict]) -> None:
    """Keeps the metrics of each step of an epoch that was interrupted after `step`."""
    if is_first():
        rows = [{name: float(value) for name, value in metrics.items()} for metrics in history]
        write_text(folder / UNFINISHED, json.dumps({"step": step, "history": rows}))


def unfinished_epoch(folder: AnyPath, step: int) -> list[dict]:
    """What `keep_unfinished_epoch` kept if training resumes after that step, else nothing."""
    file = folder / UNFINISHED
    kept = json.loads(file.read_text()) if file.exists() else {}
    return kept["history"] if kept.get("step") == step else []


def _to_csv(rows: list[dict]) -> str:
    columns = [*COLUMNS, *(name for name in OF_VALIDATION if any(name in row for row in rows))]
    return pandas.DataFrame(rows, columns=columns, dtype=object).to_csv(index=False, lineterminator="\n")


def read(file: AnyPath) -> list[dict]:
    """The rows of a metrics.csv."""
    return pandas.read_csv(io.StringIO(file.read_text()), dtype=str, keep_default_na=False).to_dict("records")


class _Measured(ProgressColumn):
    """Loss, accuracy, those of validation and clips/s once they are known: the first step compiles."""

    def render(self, task: Task) -> Text:
        known = task.fields
        if math.isnan(known["loss"]):
            return Text("compiling ...")
        speed = "" if math.isnan(known["clips_per_second"]) else f"  {known['clips_per_second']:.0f} clips/s"
        loss, accuracy = (known.get(name, math.nan) for name in OF_VALIDATION)
        validation = "" if math.isnan(loss) else f"  validation {loss:.3f}, {accuracy:.1%}"
        return Text(f"loss {known['loss']:.3f}  accuracy {known['accuracy']:.1%}{validation}{speed}")


def progress_bar() -> Progress:
    """A bar with loss, accuracy, clips/s and the time left."""
    return Progress(TextColumn("{task.description}", markup=False), BarColumn(), _Measured(), TimeRemainingColumn())

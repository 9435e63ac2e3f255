"""Records by themselves, and whole epochs of training from them."""

import tempfile
from itertools import islice
from pathlib import Path

from asc_jax.bench.machine import peak_memory
from asc_jax.bench.network import Case
from asc_jax.bench.timing import Result, seconds_of
from asc_jax.config import METRICS, Phase
from asc_jax.data.batches import targets, training_batches
from asc_jax.data.cache import reader
from asc_jax.data.records import Clips
from asc_jax.train import checkpoint, metrics
from asc_jax.train.loop import train


def reading(case: Case, clips: Clips, cache: str) -> Result:
    """Batches as training reads them, and nothing done with them; one call is an epoch."""
    steps = len(clips) // case.batch
    batches = training_batches(reader(clips, cache), targets(clips, {}), case.batch, case.repeats + 1, 0, 0)
    seconds = seconds_of(lambda: [batch["label"] for batch in islice(batches, steps)], case.repeats, warm_up=1)
    return Result(f"reading, cache {cache}", steps * case.batch, seconds, peak_memory=peak_memory())


def epochs(case: Case, clips: Clips, cache: str) -> Result:
    """Training from records as a round does it, with its log and its checkpoints; the first epoch compiles."""
    steps = len(clips) // case.batch
    phase = Phase(epochs=case.repeats + 1, batch_size=case.batch, checkpoint_every=case.repeats + 1)
    batches = training_batches(reader(clips, cache), targets(clips, {}), case.batch, phase.epochs, 0, 0)
    with tempfile.TemporaryDirectory() as folder, checkpoint.manager(Path(folder)) as checkpoints:
        train(case.net, phase, case.state(), batches, steps, checkpoints, Path(folder), seed=0)
        rows = metrics.read(Path(folder) / METRICS)
    seconds = [steps * case.batch / float(row["clips_per_second"]) for row in rows[1:]]
    return Result(f"epoch, cache {cache}", steps * case.batch, seconds, peak_memory=peak_memory())

"""Reading records, and whole epochs of training from them."""

import tempfile
from dataclasses import replace
from itertools import islice
from pathlib import Path

from asc_jax.bench.machine import peak_memory
from asc_jax.bench.network import Case
from asc_jax.bench.timing import Result, seconds_of
from asc_jax.config import METRICS
from asc_jax.data.batches import targets, training_batches
from asc_jax.data.cache import reader
from asc_jax.data.records import Clips
from asc_jax.train import checkpoint, metrics
from asc_jax.train.inputs import with_impulse_responses
from asc_jax.train.loop import train

SEED = 0  # of the order of clips and of the augmentations


def reading(case: Case, clips: Clips, cache: str) -> Result:
    """Batches as training reads them, and nothing done with them; one call is an epoch."""
    steps = len(clips) // case.batch
    batches = training_batches(reader(clips, cache), targets(clips, {}), case.batch, case.repeats + 1, SEED, 0)
    seconds = seconds_of(lambda: [batch["label"] for batch in islice(batches, steps)], case.repeats, warm_up=1)
    return Result(f"reading, cache {cache}", steps * case.batch, seconds, peak_memory=peak_memory())


def epochs(case: Case, clips: Clips, cache: str) -> Result:
    """Training from records as a round does it, with its log and its checkpoints; the first epoch compiles."""
    steps = len(clips) // case.batch
    count = case.repeats + 1
    phase = replace(case.phase, epochs=count, batch_size=case.batch, checkpoint_every=count)
    read = with_impulse_responses(reader(clips, cache), phase.augmentation, SEED)
    batches = training_batches(read, targets(clips, {}), case.batch, phase.epochs, SEED, 0)
    with tempfile.TemporaryDirectory() as folder, checkpoint.manager(Path(folder)) as checkpoints:
        train(case.net, phase, case.state(), batches, steps, checkpoints, Path(folder), SEED)
        rows = metrics.read(Path(folder) / METRICS)
    seconds = [steps * case.batch / float(row["clips_per_second"]) for row in rows[1:]]
    return Result(f"epoch, cache {cache}", steps * case.batch, seconds, peak_memory=peak_memory())

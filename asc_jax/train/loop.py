"""The one training loop."""

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import jax
import numpy as np
import orbax.checkpoint as ocp

from asc_jax.config import Phase
from asc_jax.devices import shared
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.metrics import MetricsLog, progress_bar
from asc_jax.train.step import TrainState, learning_rate, training_step


def train(
    net: SceneNet,
    phase: Phase,
    state: TrainState,
    batches: Iterator[dict],
    steps_per_epoch: int,
    checkpoints: ocp.CheckpointManager,
    folder: Path,
) -> TrainState:
    """Trains from the state's step to the end of the phase, epoch by epoch, saving and logging in `folder`."""
    done = int(state.step) // steps_per_epoch
    train_step = training_step(net, phase.weight_decay)
    log = MetricsLog(folder, int(state.step))
    with progress_bar() as bar:
        task = bar.add_task(
            folder.name,
            total=phase.epochs * steps_per_epoch,
            completed=done * steps_per_epoch,
            **dict.fromkeys(("loss", "accuracy", "clips_per_second"), np.nan),
        )
        for epoch in range(done, phase.epochs):
            rate = learning_rate(phase, epoch)
            start = time.perf_counter()
            history = []
            for batch in islice(batches, steps_per_epoch):
                state, metrics = train_step(state, shared(batch), rate)
                history.append(metrics)
                # Waiting for the step before keeps one step in flight, and no more batches than that on the device.
                bar.update(task, advance=1, **jax.device_get(history[-2:][0]))
            clips_per_second = steps_per_epoch * phase.batch_size / (time.perf_counter() - start)
            step = (epoch + 1) * steps_per_epoch
            means = jax.tree.map(lambda *values: float(np.mean(values)), *jax.device_get(history))
            log.write(step=step, epoch=epoch, learning_rate=rate, clips_per_second=clips_per_second, **means)
            if (epoch + 1) % phase.checkpoint_every == 0 or epoch + 1 == phase.epochs:
                checkpoints.save(step, args=ocp.args.StandardSave(state))
            bar.update(task, clips_per_second=clips_per_second, **means)
    checkpoints.wait_until_finished()
    log.close()
    return state

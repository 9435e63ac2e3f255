"""The one training loop."""

import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from asc_jax.config import Phase, Synthesis
from asc_jax.devices import shard_batch
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.checkpoint import finish, save
from asc_jax.train.metrics import keep_unfinished_epoch, metrics_log, progress_bar, unfinished_epoch
from asc_jax.train.step import TrainState, learning_rate, training_step
from asc_jax.train.stopping import NotFinite, Preempted, sigterm
from asc_jax.typed import AnyPath


def train(
    net: SceneNet,
    phase: Phase,
    state: TrainState,
    batches: Iterator[dict],
    steps_per_epoch: int,
    checkpoints: ocp.CheckpointManager,
    folder: AnyPath,
    seed: int,
    synthesis: Synthesis | None = None,
    validate: Callable[[dict], dict[str, float]] | None = None,
) -> TrainState:
    """Trains from the state's step to the end of the phase, epoch by epoch, saving and logging in `folder`.

    `validate` scores the variables after each epoch; what it returns is logged, too. Steps count from 0; the seed is
    that of the augmentations. After SIGTERM the step is finished and saved, and Preempted raised; NotFinite if a loss,
    or what is to be saved, is not all numbers.
    """
    step = int(state.step)
    train_step = training_step(net, phase, synthesis=synthesis)
    stop = False
    with progress_bar() as bar, metrics_log(folder, step) as log, sigterm() as asked_to_stop:
        task = bar.add_task(
            folder.name,
            total=phase.epochs * steps_per_epoch,
            completed=step,
            **dict.fromkeys(("loss", "accuracy", "clips_per_second"), np.nan),
        )
        while step < phase.epochs * steps_per_epoch and not stop:
            epoch = step // steps_per_epoch
            end = (epoch + 1) * steps_per_epoch
            rate = learning_rate(phase, epoch)  # once an epoch: to read it back at every step would block
            start, first = time.perf_counter(), step
            history = unfinished_epoch(folder, step) if step % steps_per_epoch else []
            beginning = first - len(history)
            for batch in islice(batches, end - step):
                state, metrics = train_step(state, shard_batch(batch), rate, np.uint32(seed))
                history.append(metrics)
                step += 1
                # Waiting for the step before keeps one step in flight, and no more batches than that on the device.
                bar.update(task, advance=1, **_finite(history[-2:][:1], max(beginning, step - 2)))
                if stop := asked_to_stop(step):
                    break
            means = _finite(history, beginning)
            if step == end:
                clips_per_second = (step - first) * phase.batch_size / (time.perf_counter() - start)
                means["clips_per_second"] = clips_per_second
                means |= validate(state.variables) if validate else {}
                log({"step": step, "epoch": epoch, "learning_rate": rate} | means)
                bar.update(task, **means)
            if step < end:
                keep_unfinished_epoch(folder, step, jax.device_get(history))
            if stop or (step == end and _kept(phase, epoch)):
                save(checkpoints, step, state)
        finish(checkpoints)
    if step < phase.epochs * steps_per_epoch:
        raise Preempted(f"{folder}: stopped by SIGTERM after step {step}, which is saved; repeat the command to resume")
    return state


def _kept(phase: Phase, epoch: int) -> bool:
    return (epoch + 1) % phase.checkpoint_every == 0 or epoch + 1 == phase.epochs


def _finite(history: list[dict], first: int) -> dict[str, Any]:
    """The means of the metrics of the steps from `first` on; NotFinite names the first step without a loss."""
    history = jax.device_get(history)
    for number, metrics in enumerate(history):
        if not np.isfinite(metrics["loss"]):
            raise NotFinite(first + number)
    return jax.tree.map(lambda *values: float(np.mean(np.array(values, np.float64))), *history)

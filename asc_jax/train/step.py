"""One training step, the same for every phase."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax
from jax.sharding import PartitionSpec

from asc_jax.config import Phase
from asc_jax.data.cache import audio_of
from asc_jax.devices import AXIS, cpu_options, mesh, shares
from asc_jax.net.arcface import margin_logits
from asc_jax.net.backend import statistics_over
from asc_jax.net.scenenet import SceneNet, to_waveform
from asc_jax.train.augmentation import Change, change_of_mel, change_of_waveform


class TrainState(flax.struct.PyTreeNode):
    """All that training changes, and all that a checkpoint holds."""

    step: jax.Array
    params: Any
    batch_stats: Any
    opt_state: Any

    @property
    def variables(self) -> dict:
        """What the network's `apply` takes."""
        return {"params": self.params, "batch_stats": self.batch_stats}


@partial(jax.jit, static_argnames=("net", "samples"))  # array by array it would take a second more
def create_state(net: SceneNet, samples: int, key: jax.Array) -> TrainState:
    """Fresh weights, running statistics and optimiser state for clips of `samples` samples."""
    variables = net.init(key, jnp.zeros((1, samples)))
    opt_state = optax.scale_by_adam().init(variables["params"])
    return TrainState(jnp.zeros((), jnp.int32), variables["params"], variables["batch_stats"], opt_state)


def learning_rate(phase: Phase, epoch: int) -> float:
    """Half a cosine from `learning_rate` down to `final_learning_rate` over the phase, constant within an epoch."""
    schedule = optax.cosine_decay_schedule(
        phase.learning_rate, phase.epochs, alpha=phase.final_learning_rate / phase.learning_rate
    )
    return float(schedule(epoch))


def _unchanged(x):
    return x


def loss(params, batch_stats, net: SceneNet, batch, change_waveform: Change = _unchanged, change_mel=_unchanged):
    """Weighted ArcFace cross-entropy over a batch of {audio (see `audio_of`), label [B], weight [B]}.

    Returns (loss, (new running statistics, cosine [B, scenes])); the loss is the mean over the batch, not over weights.
    """
    variables = {"params": params, "batch_stats": batch_stats}
    waveform = change_waveform(to_waveform(audio_of(batch)))
    outputs, changed = net.apply(variables, waveform, train=True, change_mel=change_mel, mutable=["batch_stats"])
    logits = margin_logits(outputs.cosine, batch["label"])
    per_clip = optax.softmax_cross_entropy_with_integer_labels(logits, batch["label"])
    return (per_clip * batch["weight"]).mean(), (changed["batch_stats"], outputs.cosine)


@cache
def training_step(net: SceneNet, phase: Phase) -> Callable:
    """The compiled step(state, batch, learning rate, seed) -> (state, {loss, accuracy}) on all devices.

    One AdamW step; the state is donated. The batch is {audio (see `audio_of`), label [B], weight [B]; responses
    [R, taps] where there are such}. The rate is an argument, so one compiled step serves all epochs; random choices
    are those of the seed, a uint32, and the state's step. The accuracy is the margin-free one of the batch as it was
    trained on.
    """

    def step(state, batch, rate, seed):
        share = partial(_step, net=net, phase=phase)
        specs = (PartitionSpec(), shares(batch), PartitionSpec(), PartitionSpec())
        return jax.shard_map(share, mesh=mesh(), in_specs=specs, out_specs=PartitionSpec(), check_vma=False)(
            state, batch, rate, seed
        )

    donated = () if jax.config.jax_debug_nans else 0  # a step that made NaNs is run again, operation by operation
    return jax.jit(step, donate_argnums=donated, compiler_options=cpu_options(jax.local_device_count() > 1))


def _step(state: TrainState, batch, rate, seed, *, net: SceneNet, phase: Phase):
    of_waveforms, of_mels = jax.random.split(jax.random.fold_in(jax.random.key(seed), state.step))
    changes = (
        change_of_waveform(of_waveforms, batch.get("responses"), phase.augmentation),
        change_of_mel(of_mels, phase.augmentation),
    )
    with statistics_over(AXIS):
        gradient = jax.value_and_grad(loss, has_aux=True)
        (value, (batch_stats, cosine)), gradients = gradient(state.params, state.batch_stats, net, batch, *changes)
    metrics = {"loss": value, "accuracy": (cosine.argmax(-1) == batch["label"]).mean()}
    gradients, metrics = jax.lax.pmean((gradients, metrics), AXIS)
    direction, opt_state = optax.scale_by_adam().update(gradients, state.opt_state)
    params = jax.tree.map(lambda p, d: p - rate * (d + phase.weight_decay * p), state.params, direction)
    return TrainState(state.step + 1, params, batch_stats, opt_state), metrics

"""One training step, the same for every phase."""

from functools import partial
from typing import Any, cast

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, PartitionSpec

from asc_jax.config import Augmentation, Phase, Synthesis
from asc_jax.data.cache import audio_of
from asc_jax.devices import AXIS, compiler_options, partition_specs, platform
from asc_jax.devices import mesh as all_devices
from asc_jax.net.arcface import SCALE, margin_logits
from asc_jax.net.ensemble import Net
from asc_jax.net.scenenet import SceneNet, to_waveform
from asc_jax.train.augmentation import Augment, mel_augmentation, waveform_augmentation
from asc_jax.train.contrastive import contrastive_loss, numbers, partners
from asc_jax.typed import Jitted, cached, jitted


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


def create_state(net: Net, samples: int, key: jax.Array) -> TrainState:
    """Fresh weights, running statistics and optimiser state for clips of `samples` samples."""
    return _create_state(key, net=net, samples=samples)


@partial(jitted, static_argnames=("net", "samples"))  # as a whole: array by array it would take a second more
def _create_state(key: jax.Array, *, net: Net, samples: int) -> TrainState:
    variables = net.init(key, jnp.zeros((1, samples)))
    opt_state = optax.scale_by_adam().init(variables["params"])
    return TrainState(jnp.zeros((), jnp.int32), variables["params"], variables["batch_stats"], opt_state)


def learning_rate(phase: Phase, epoch: int) -> float:
    """Half a cosine from `learning_rate` down to `min_learning_rate` over the phase, constant within an epoch."""
    schedule = optax.cosine_decay_schedule(
        phase.learning_rate, phase.epochs, alpha=phase.min_learning_rate / phase.learning_rate
    )
    return float(np.asarray(schedule(epoch)))


Step = Jitted[[TrainState, dict, float, np.uint32], tuple[TrainState, dict[str, jax.Array]]]


def _unchanged(x: jax.Array) -> jax.Array:
    return x


def loss(
    params,
    batch_stats,
    net: SceneNet,
    batch: dict,
    augment_waveform: Augment = _unchanged,
    augment_mel: Augment = _unchanged,
) -> tuple[jax.Array, tuple[Any, jax.Array]]:
    """Weighted ArcFace cross-entropy over a batch of {audio (see `audio_of`), label [B], weight [B]}.

    Where the batch has soft_label [B, scenes], distributions of teachers times their weight, the cross-entropy to them,
    without margin, is added (Hinton et al., 2015). Returns (loss, (new running statistics, cosine [B, scenes])). The
    weighted sum is divided by B, not by the weights.
    """
    variables = {"params": params, "batch_stats": batch_stats}
    waveform = augment_waveform(to_waveform(audio_of(batch)))
    outputs, changed = net.apply(variables, waveform, train=True, augment_mel=augment_mel, mutable=["batch_stats"])
    logits = margin_logits(outputs.cosine, batch["label"])
    per_clip = optax.softmax_cross_entropy_with_integer_labels(logits, batch["label"])
    per_clip *= batch["weight"]
    if "soft_label" in batch:
        per_clip += optax.softmax_cross_entropy(SCALE * outputs.cosine, batch["soft_label"])
    return per_clip.mean(), (changed["batch_stats"], outputs.cosine)


def training_step(net: SceneNet, phase: Phase, mesh: Mesh | None = None, synthesis: Synthesis | None = None) -> Step:
    """The compiled step(state, batch, learning rate, seed) -> (state, {loss, accuracy}).

    One AdamW step on all devices of the mesh, by default all there are; the state is donated, but not with
    `--debug-nans`. The batch is {audio (see `audio_of`), label [B], weight [B]; soft_label [B, scenes] and responses
    [R, taps] where there are such}. The rate is an argument, so one compiled step serves all epochs; random choices are
    those of the seed, a uint32, and the state's step. The accuracy is the margin-free one of the batch as it was
    trained on. With `synthesis` the loss is the contrastive one of sounds that are a function of seed and step, the
    accuracy the share of them whose nearest is their partner, and the batch only {responses}.
    """
    return _training_step(net, phase.augmentation, phase.weight_decay, synthesis, mesh or all_devices())


@cached  # phases of the same augmentation and weight decay share a compiled step
def _training_step(
    net: SceneNet, augmentation: Augmentation, weight_decay: float, synthesis: Synthesis | None, mesh: Mesh
) -> Step:
    net = net.clone(backend=platform(mesh), axis_name=AXIS)

    def step(
        state: TrainState, batch: dict, rate: float, seed: np.uint32, /
    ) -> tuple[TrainState, dict[str, jax.Array]]:
        share = partial(_step, net=net, augmentation=augmentation, weight_decay=weight_decay, synthesis=synthesis)
        specs = (PartitionSpec(), partition_specs(batch), PartitionSpec(), PartitionSpec())
        shared_step = jax.shard_map(share, mesh=mesh, in_specs=specs, out_specs=PartitionSpec(), check_vma=False)
        return shared_step(state, batch, rate, seed)

    debug = jax.config.jax_debug_nans  # pyright: ignore[reportAttributeAccessIssue]  JAX adds its settings as it starts
    donated = () if debug else 0  # a step that made NaNs is run again, operation by operation
    options = compiler_options(platform(mesh), sharing=len(mesh.local_devices) > 1)
    return jitted(step, donate_argnums=donated, compiler_options=options)


def _step(
    state: TrainState,
    batch: dict,
    rate: float,
    seed: np.uint32,
    *,
    net: SceneNet,
    augmentation: Augmentation,
    weight_decay: float,
    synthesis: Synthesis | None,
) -> tuple[TrainState, dict[str, jax.Array]]:
    waveform_key, mel_key = jax.random.split(jax.random.fold_in(jax.random.key(seed), state.step))
    augment_waveform = waveform_augmentation(waveform_key, batch.get("responses"), augmentation)
    augment_mel = mel_augmentation(mel_key, augmentation)
    if synthesis:
        sound = numbers(state.step, synthesis.pairs)
        label, objective = partners(len(sound)), partial(contrastive_loss, synthesis=synthesis, sound=sound, seed=seed)
    else:
        label, objective = batch["label"], partial(loss, batch=batch)
    objective = partial(objective, net=net, augment_waveform=augment_waveform, augment_mel=augment_mel)
    gradient = jax.value_and_grad(objective, has_aux=True)
    (value, (batch_stats, cosine)), gradients = gradient(state.params, state.batch_stats)
    metrics = {"loss": value, "accuracy": (cosine.argmax(-1) == label).mean()}
    gradients, metrics = jax.lax.pmean((gradients, metrics), AXIS)
    adamw = optax.adamw(rate, weight_decay=weight_decay)
    empty = optax.EmptyState()  # adamw chains Adam, decay and rate, of which Adam alone has a state
    updates, states = adamw.update(gradients, (state.opt_state, empty, empty), state.params)
    params = optax.apply_updates(state.params, updates)
    return TrainState(state.step + 1, params, batch_stats, cast(tuple, states)[0]), metrics

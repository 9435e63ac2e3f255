"""The contrastive loss of synthesised sounds: each finds its partner among all others of the batch."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from asc_jax.config import Synthesis
from asc_jax.data.synthesiser import sounds
from asc_jax.devices import AXIS
from asc_jax.net.arcface import unit
from asc_jax.net.frontend import RATE
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.augmentation import Augment


def numbers(step: jax.Array, pairs: int) -> jax.Array:
    """The numbers of this device's share of the sounds of a step: uint32 [B]; none comes twice in a training."""
    share = 2 * pairs // jax.lax.axis_size(AXIS)
    first = 2 * pairs * step + share * jax.lax.axis_index(AXIS)
    return (first + jnp.arange(share)).astype(jnp.uint32)


def contrastive_loss(
    params: Any,
    batch_stats: Any,
    net: SceneNet,
    synthesis: Synthesis,
    sound: jax.Array,
    seed: jax.Array | np.uint32,
    augment_waveform: Augment,
    augment_mel: Augment,
) -> tuple[jax.Array, tuple[Any, jax.Array]]:
    """NT-Xent (Chen et al., 2020) of the embeddings of sounds with these numbers, uint32 [B].

    Returns (loss, (new running statistics, cosine to every sound of the whole batch, itself excepted [B, all])).
    """
    waveform = augment_waveform(sounds(sound, seed, round(synthesis.seconds * RATE)))
    variables = {"params": params, "batch_stats": batch_stats}
    outputs, changed = net.apply(variables, waveform, train=True, augment_mel=augment_mel, mutable=["batch_stats"])
    value, cosine = nt_xent(outputs.embedding, synthesis.temperature)
    return value, (changed["batch_stats"], cosine)


def nt_xent(embedding: jax.Array, temperature: float) -> tuple[jax.Array, jax.Array]:
    """Of this device's embeddings [B, D], whose neighbours are pairs: (mean loss, cosine to every one [B, all])."""
    direction = unit(embedding)
    cosine = direction @ jax.lax.all_gather(direction, AXIS, tiled=True).T
    partner = partners(len(direction))
    itself = (partner ^ 1)[:, None] == jnp.arange(cosine.shape[1])[None]
    cosine = jnp.where(itself, -jnp.inf, cosine)
    return optax.softmax_cross_entropy_with_integer_labels(cosine / temperature, partner).mean(), cosine


def partners(count: int) -> jax.Array:
    """The place in the whole batch of the partner of each of this device's sounds."""
    return (count * jax.lax.axis_index(AXIS) + jnp.arange(count)) ^ 1

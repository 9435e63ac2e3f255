"""The augmentations of a training step, on this device's share of the batch, with a key for each clip."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from asc_jax.config import Augmentation
from asc_jax.data import augment
from asc_jax.devices import AXIS

Augment = Callable[[jax.Array], jax.Array]


def waveform_augmentation(key: jax.Array, responses: jax.Array | None, how: Augmentation) -> Augment:
    """Waveforms [B, N], shifted in time and convolved with impulse responses [R, taps]."""

    def change(waveform: jax.Array) -> jax.Array:
        changed = jax.vmap(partial(_shifted_and_convolved, responses=responses, how=how))
        return changed(_keys(key, len(waveform)), waveform)

    return change


def _shifted_and_convolved(
    key: jax.Array, waveform: jax.Array, responses: jax.Array | None, how: Augmentation
) -> jax.Array:
    shift_key, choice_key, response_key = jax.random.split(key, 3)
    if how.time_shift:
        waveform = augment.time_shift(shift_key, waveform, how.time_shift)
    if how.dir_prob:
        convolved = augment.through_device(response_key, waveform, responses)
        waveform = augment.with_probability(choice_key, how.dir_prob, convolved, waveform)
    return waveform


def mel_augmentation(key: jax.Array, how: Augmentation) -> Augment:
    """Log-mels [B, T, F] with band statistics mixed with another clip's of the whole batch (Freq-MixStyle)."""

    def change(mel: jax.Array) -> jax.Array:
        if not how.freq_mixstyle_prob:
            return mel
        partner_key, mix_key = jax.random.split(key)
        partner = _partners(partner_key, len(mel))
        statistics = jax.lax.all_gather(jax.vmap(augment.band_statistics)(mel), AXIS, tiled=True)
        others = jax.tree.map(lambda vector: vector[partner], statistics)
        return jax.vmap(partial(_mixed, share=how.freq_mixstyle_prob))(_keys(mix_key, len(mel)), mel, others)

    return change


def _mixed(key, mel, other, share):
    choice_key, share_key = jax.random.split(key)
    return augment.with_probability(choice_key, share, augment.freq_mixstyle(share_key, mel, other), mel)


def _keys(key, clips):
    """One for each clip of this device's share, the same on any number of devices."""
    return jax.vmap(partial(jax.random.fold_in, key))(jax.lax.axis_index(AXIS) * clips + jnp.arange(clips))


def _partners(key, clips):
    """The number, in the whole batch, of the clip (by chance itself) that each of this device's clips is mixed with."""
    everyone = jax.random.permutation(key, clips * jax.lax.axis_size(AXIS))
    return jax.lax.dynamic_slice_in_dim(everyone, jax.lax.axis_index(AXIS) * clips, clips)

"""What a step teaches: the clips of a batch, augmented, with what each is to be told as."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from asc_jax.config import Augmentation
from asc_jax.data import augment
from asc_jax.data.cache import audio_of
from asc_jax.devices import AXIS
from asc_jax.net.scenenet import to_waveform


class Lesson(NamedTuple):
    """Waveforms [B, N], and the labels and weights [B, L] of what sounds in each: L is 2 where clips are mixed."""

    waveform: jax.Array
    labels: jax.Array
    weights: jax.Array


def lesson(batch: dict) -> Lesson:
    """A batch of {audio (see `audio_of`), label [B], weight [B]} as it is."""
    return Lesson(to_waveform(audio_of(batch)), batch["label"][:, None], batch["weight"][:, None])


def augmented(key: jax.Array, clean: Lesson, responses: jax.Array, how: Augmentation) -> Lesson:
    """The waveforms of this device's share of a batch as they might have been; clips meet others of all the batch."""
    of_clips, of_pairs = jax.random.split(key)
    change = partial(_changed, responses=responses, how=how)
    waveform = jax.vmap(change)(_keys(of_clips, len(clean.labels)), clean.waveform)
    changed = clean._replace(waveform=waveform)
    return _mixed(of_pairs, changed, how.mixup) if how.mixup else changed


def _changed(key, waveform, responses, how):
    keys = jax.random.split(key, 6)
    if how.roll:
        waveform = augment.roll(keys[0], waveform, how.roll)
    if how.response:
        waveform = augment.sometimes(keys[1], how.response, augment.respond(keys[2], waveform, responses), waveform)
    if how.noise:
        waveform = augment.sometimes(keys[3], how.noise, augment.add_noise(keys[4], waveform), waveform)
    return waveform


def _mixed(key, lesson, concentration):
    """Each waveform with another of the batch; the louder share is the clip's own, so its labels come first."""
    of_partners, of_shares = jax.random.split(key)
    partner = _partners(of_partners, len(lesson.labels))
    keys = _keys(of_shares, len(lesson.labels))
    share = jax.vmap(partial(augment.beta, concentration=concentration))(keys)[:, None]  # [B, 1]
    share = jnp.maximum(share, 1 - share).astype(lesson.waveform.dtype)
    other = jax.tree.map(lambda x: _of_others(x, partner), lesson)
    return Lesson(
        share * lesson.waveform + (1 - share) * other.waveform,
        jnp.concatenate((lesson.labels, other.labels), 1),
        jnp.concatenate((share * lesson.weights, (1 - share) * other.weights), 1),
    )


def change_of_mel(key: jax.Array, how: Augmentation) -> Callable[[jax.Array], jax.Array]:
    """What the network does to its log-mels [B, T, F] while it learns."""

    def change(mel):
        of_partners, of_clips = jax.random.split(key)
        keys = _keys(of_clips, len(mel))
        if how.style:
            partner = _partners(of_partners, len(mel))
            others = jax.tree.map(lambda x: _of_others(x, partner), jax.vmap(augment.style)(mel))
            mel = jax.vmap(partial(_restyled, how=how))(keys, mel, others)
        if how.masked_bands:
            keys = jax.vmap(lambda key: jax.random.fold_in(key, 1))(keys)
            mel = jax.vmap(partial(augment.mask_bands, most=how.masked_bands))(keys, mel)
        return mel

    return change


def _restyled(key, mel, other, how):
    of_choice, of_share = jax.random.split(key)
    return augment.sometimes(of_choice, how.style, augment.mix_style(of_share, mel, other), mel)


def _keys(key, clips):
    """One for each clip of this device's share, the same on any number of devices."""
    return jax.vmap(partial(jax.random.fold_in, key))(jax.lax.axis_index(AXIS) * clips + jnp.arange(clips))


def _partners(key, clips):
    """The number, in the whole batch, of another clip for each clip of this device's share."""
    everyone = jax.random.permutation(key, clips * jax.lax.axis_size(AXIS))
    return jax.lax.dynamic_slice_in_dim(everyone, jax.lax.axis_index(AXIS) * clips, clips)


def _of_others(x, partner):
    return jax.lax.all_gather(x, AXIS, tiled=True)[partner]

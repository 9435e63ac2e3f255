"""Augmentations: what a clip might have sounded like elsewhere, as pure functions of (key, clip).

They are part of the jitted training step, which maps them over its clips. What becomes of a clip depends on its own
key, not on the device that it is on. Settings are those of DCASE's winners, as far as they give any.
"""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import betaincinv

from asc_jax.net.frontend import FLAT, RATE

MIXTURE = 0.4  # of the Beta distribution that Freq-MixStyle mixes by
SHORTEST_HOP = 512  # samples: for short responses, the transform is as long as the log-mel's


def sometimes(key, share: float, changed, unchanged):
    """`changed` in that share of the clips, else `unchanged`."""
    return jnp.where(jax.random.bernoulli(key, float(share)), changed, unchanged)


def beta(key, concentration: float):
    """A share from Beta(concentration, concentration), by its quantiles: XLA takes seconds to compile JAX's sampler."""
    known = np.linspace(0, 1, 257)
    quantiles = betaincinv(concentration, concentration, known)
    return jnp.interp(jax.random.uniform(key), jnp.asarray(known), jnp.asarray(quantiles))


def roll(key, waveform, seconds: float):
    """The waveform [N] from another moment on, at most so many seconds away; its start follows its end."""
    most = round(seconds * RATE)
    return jnp.roll(waveform, jax.random.randint(key, (), -most, most + 1))


def respond(key, waveform, responses):
    """The waveform [N] as one of the devices with impulse responses [R, taps] would record it, as loud as before."""
    response = jnp.asarray(responses)[jax.random.randint(key, (), 0, len(responses))]
    recorded = convolve(waveform, response)
    return recorded * jnp.sqrt(jnp.square(waveform).mean() / jnp.maximum(jnp.square(recorded).mean(), 1e-12))


def convolve(waveform, response):
    """The first N samples of the convolution of a waveform [N] with an impulse response [taps], by overlap-save.

    A TPU computes a Fourier transform as matrix products, whose intermediate arrays for a whole clip do not fit into
    its memory. Those of blocks, of a power of two, are small.
    """
    hop = max(SHORTEST_HOP, 1 << (len(response) - 1).bit_length())  # at least as long as the response
    blocks = jnp.pad(waveform, (hop, -len(waveform) % hop)).reshape(-1, hop)
    blocks = jnp.concatenate((blocks[:-1], blocks[1:]), axis=1)  # [N / hop, 2 hop]: each after the one before
    spectrum = jnp.fft.rfft(blocks) * jnp.fft.rfft(response, 2 * hop)[None]
    return jnp.fft.irfft(spectrum)[:, hop:].reshape(-1)[: len(waveform)]  # the first half wraps around


def style(mel):
    """Mean and deviation [F] of the bands of a log-mel [T, F]."""
    return mel.mean(0), jnp.sqrt(mel.var(0) + FLAT)


def mix_style(key, mel, other):
    """The log-mel [T, F] with a style between its own and another: Freq-MixStyle (Kim et al., 2022; Schmid, 2022)."""
    share = beta(key, MIXTURE).astype(mel.dtype)
    (mean, deviation), (other_mean, other_deviation) = style(mel), other
    new_mean = share * mean + (1 - share) * other_mean
    new_deviation = share * deviation + (1 - share) * other_deviation
    return (mel - mean[None]) / deviation[None] * new_deviation[None] + new_mean[None]

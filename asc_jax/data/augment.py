"""Augmentations of waveforms and log-mels, as pure functions of (key, clip).

They are part of the jitted training step, which maps them over its clips. What becomes of a clip depends on its own
key, not on the device that it is on. Settings are those of DCASE's winners, as far as they give any.
"""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import betaincinv

from asc_jax.net.frontend import BAND_VARIANCE_FLOOR

MIXTURE = 0.4  # of the Beta distribution that Freq-MixStyle mixes by
BLOCK = 4096  # samples of a Fourier transform, at the least: the fastest on a CPU


def with_probability(key, probability: float, changed, unchanged):
    """`changed` with that probability, else `unchanged`."""
    return jnp.where(jax.random.bernoulli(key, float(probability)), changed, unchanged)


def beta(key, concentration: float):
    """A share from Beta(concentration, concentration), by its quantiles: XLA takes seconds to compile JAX's sampler."""
    known = np.linspace(0, 1, 257)
    quantiles = betaincinv(concentration, concentration, known)
    return jnp.interp(jax.random.uniform(key), jnp.asarray(known), jnp.asarray(quantiles))


def time_shift(key, waveform, share: float):
    """The waveform [N] shifted in a circle by up to that share of its length, either way."""
    most = round(share * len(waveform))
    return jnp.roll(waveform, jax.random.randint(key, (), -most, most + 1))


def through_device(key, waveform, responses):
    """The waveform [N] as one of the devices with impulse responses [R, taps] would record it, as loud as before."""
    response = jnp.asarray(responses)[jax.random.randint(key, (), 0, len(responses))]
    recorded = convolve(waveform, response)
    return recorded * jnp.sqrt(jnp.square(waveform).mean() / jnp.maximum(jnp.square(recorded).mean(), 1e-12))


def convolve(waveform, response):
    """The first N samples of the convolution of a waveform [N] with an impulse response [taps], by overlap-add.

    A TPU computes a Fourier transform as matrix products, whose intermediate arrays for a whole clip do not fit into
    its memory. Those of blocks, of a power of two, are small, and on a CPU stay in its caches.
    """
    taps = len(response)
    size = max(BLOCK, 4 << (taps - 1).bit_length())  # at most a quarter of a block is overlap
    hop = size - taps
    blocks = jnp.pad(waveform, (0, -len(waveform) % hop)).reshape(-1, hop)
    recorded = jnp.fft.irfft(jnp.fft.rfft(blocks, size) * jnp.fft.rfft(response, size)[None])  # [N / hop, size]
    from_before = jnp.pad(recorded[:-1, hop:], ((1, 0), (0, hop - taps)))
    return (recorded[:, :hop] + from_before).reshape(-1)[: len(waveform)]


def band_statistics(mel):
    """Mean and standard deviation [F] of the bands of a log-mel [T, F]."""
    return mel.mean(0), jnp.sqrt(mel.var(0) + BAND_VARIANCE_FLOOR)


def freq_mixstyle(key, mel, other):
    """The log-mel [T, F] with band statistics between its own and another clip's.

    Freq-MixStyle (Kim et al., 2022; Schmid, 2022); `other` are the other clip's `band_statistics`.
    """
    share = beta(key, MIXTURE).astype(mel.dtype)
    (mean, deviation), (other_mean, other_deviation) = band_statistics(mel), other
    new_mean = share * mean + (1 - share) * other_mean
    new_deviation = share * deviation + (1 - share) * other_deviation
    return (mel - mean[None]) / deviation[None] * new_deviation[None] + new_mean[None]

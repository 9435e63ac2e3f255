"""From waveform to features: log-mel, the learned Wavegram, and their normalisation.

Shape contract: waveform [B, N] -> [B, F, T] with F = 128 bands and T = N // 512 + 1 frames.
"""

from functools import cache

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

from asc_jax.net.layers import BatchNorm, Pointwise, uniform_fan_in
from asc_jax.net.maps import Map
from asc_jax.net.parts import along_channels

RATE = 16_000  # Hz
WINDOW = 1024  # samples: 64 ms
HOP = 512  # samples: 32 ms
BANDS = 128


@cache
def mel_filters() -> np.ndarray:
    """128 HTK-scale, Slaney-normalised triangles from 0 to 8 kHz: [513, 128]."""
    import librosa  # costs a second, and is needed once per trace

    return librosa.filters.mel(sr=RATE, n_fft=WINDOW, n_mels=BANDS, htk=True, norm="slaney").T


def frame(waveform, pad_mode: str):
    """Centred windows of 1024 samples every 512: [B, N] -> [B, T, 1024]."""
    padded = jnp.pad(waveform, ((0, 0), (HOP, HOP)), pad_mode)
    hops = padded.shape[1] // HOP
    halves = padded[:, : hops * HOP].reshape(-1, hops, HOP)
    return jnp.concatenate((halves[:, :-1], halves[:, 1:]), axis=2)


def log_mel(waveform, magnitude: bool = False):
    """Mel spectrogram in decibels: [B, N] -> [B, F, T].

    10 log10(mel power + 1e-8) as released; with `magnitude` the paper's 20 log10(mel magnitude + 1e-8).
    """
    hann = jnp.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW), waveform.dtype)
    spectrum = jnp.fft.rfft(frame(waveform, "reflect") * along_channels(waveform[:, None], hann))  # [B, T, 513]
    power = jnp.square(spectrum.real) + jnp.square(spectrum.imag)
    mel = jnp.asarray(mel_filters(), waveform.dtype)
    decibels = 20 * jnp.log10(jnp.sqrt(power) @ mel + 1e-8) if magnitude else 10 * jnp.log10(power @ mel + 1e-8)
    return decibels.swapaxes(1, 2)


class Wavegram(nn.Module):
    """A learned spectrogram: `filters` of 1024 taps every 512 samples, [B, N] -> [B, F, T].

    Released: one filter whose output a pointwise convolution spreads over the 128 bands. With 128 filters, the
    paper's number, each filter is a band and nothing follows it.
    """

    filters: int
    train: bool

    @nn.compact
    def __call__(self, waveform):
        init = uniform_fan_in(WINDOW)
        x = Pointwise(self.filters, init, init, name="filter")(Map((frame(waveform, "constant"),)))  # [B, T, filters]
        x = BatchNorm(self.train, nn.relu, name="filter_norm")(x)
        if self.filters != BANDS:
            init = uniform_fan_in(self.filters)
            x = Pointwise(BANDS, init, init, name="spread")(x)  # [B, T, F]
            x = BatchNorm(self.train, nn.relu, name="spread_norm")(x)
        return x.value.swapaxes(1, 2)


def normalise(features):
    """Zero mean and unit deviation per clip and channel: [B, F, T, C] -> the same.

    The variance has a floor (1e-8) where the released network divides by zero: a silent clip becomes zeros, not NaN.
    """
    centred = features - features.mean((1, 2), keepdims=True)
    variance = jnp.square(centred).mean((1, 2), keepdims=True)
    return centred / jnp.sqrt(jnp.maximum(variance, 1e-8))

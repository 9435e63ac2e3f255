"""From waveform to features: log-mel, the learned Wavegram, and their normalisation.

Shape contract: waveform [B, N] -> [B, T, F] with T = N // hop + 1 frames and F bands, as released 512 and 128.
"""

from functools import cache, reduce

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from asc_jax.net.channels import along_channels
from asc_jax.net.kernels import XLA, Kernels
from asc_jax.net.layers import Mode, Pointwise, conv_norm, uniform_fan_in

RATE = 16_000  # Hz
WINDOW = 1024  # samples: 64 ms
HOP = 512  # samples: 32 ms
BANDS = 128
BAND_VARIANCE_FLOOR = 1e-2  # decibels squared: floor of a band's variance over time


@cache
def mel_filters(bands: int = BANDS) -> np.ndarray:
    """librosa's triangles from 0 to 8 kHz on the HTK scale, Slaney-normalised: float32 [513, bands]."""
    from librosa.filters import mel  # here, because it imports numba, which takes a second

    return mel(sr=RATE, n_fft=WINDOW, n_mels=bands, htk=True).T


def hops(waveform: jax.Array, hop: int, pad_mode: str) -> jax.Array:
    """Pads the waveform by 512 samples on both sides and splits it into hops: [B, N] -> [B, T + K - 1, hop].

    K = 1024 / hop consecutive hops are one of the centred windows of 1024 samples.
    """
    padded = jnp.pad(waveform, ((0, 0), (WINDOW // 2, WINDOW // 2)), pad_mode)
    count = padded.shape[1] // hop
    return padded[:, : count * hop].reshape(-1, count, hop)


def parts_of_windows(hops: jax.Array, count: int) -> list[jax.Array]:
    """The first, second, ... K-th hop of each window, K = count: [B, T + K - 1, X] -> K times [B, T, X]."""
    frames = hops.shape[1] - count + 1
    return [hops[:, first : first + frames] for first in range(count)]


def log_mel(
    waveform: jax.Array, magnitude: bool = False, kernels: Kernels = XLA, bands: int = BANDS, hop: int = HOP
) -> jax.Array:
    """Mel spectrogram in decibels: [B, N] -> [B, T, F].

    10 log10(mel power + 1e-8) as released; with `magnitude` the paper's 20 log10(mel magnitude + 1e-8).
    """
    hann = jnp.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW), waveform.dtype)
    parts = parts_of_windows(hops(waveform, hop, "reflect"), WINDOW // hop)
    weights = jnp.split(hann, len(parts))
    windowed = [part * along_channels(part, weight) for part, weight in zip(parts, weights, strict=True)]
    frames = jnp.concatenate(windowed, axis=2)  # [B, T, 1024]
    real, imaginary = kernels.spectrum(frames)  # [B, T, 513]
    power = jnp.square(real) + jnp.square(imaginary)
    mel = jnp.asarray(mel_filters(bands), waveform.dtype)
    return 20 * jnp.log10(jnp.sqrt(power) @ mel + 1e-8) if magnitude else 10 * jnp.log10(power @ mel + 1e-8)


class Filters(nn.Module):
    """Filters of 1024 taps every `hop` samples, zero padding 512: waveform [B, N] -> [B, T, filters]."""

    filters: int
    mode: Mode
    hop: int = HOP

    @nn.compact
    def __call__(self, waveform: jax.Array) -> jax.Array:
        init = uniform_fan_in(WINDOW)
        kernel = self.param("kernel", init, (WINDOW, self.filters))
        bias = self.param("bias", init, (self.filters,))
        count = WINDOW // self.hop
        taps = jnp.concatenate(jnp.split(kernel, count), axis=1)  # [hop, K filters]
        y = self.mode.kernels.pointwise(hops(waveform, self.hop, "constant"), taps)  # [B, T + K - 1, K filters]
        parts = enumerate(parts_of_windows(y, count))
        y = reduce(jnp.add, (part[..., k * self.filters : (k + 1) * self.filters] for k, part in parts))
        return y + along_channels(y, bias)


class Wavegram(nn.Module):
    """A learned spectrogram: `filters` of 1024 taps every `hop` samples, [B, N] -> [B, T, F].

    Released: one filter whose output a pointwise convolution spreads over the 128 bands. With as many filters as
    bands, the paper's 128, each filter is a band and nothing follows it.
    """

    filters: int
    mode: Mode
    bands: int = BANDS
    hop: int = HOP

    @nn.compact
    def __call__(self, waveform: jax.Array) -> jax.Array:
        x = Filters(self.filters, self.mode, self.hop, name="filter")(waveform)  # [B, T, filters]
        x = conv_norm(self.mode, nn.relu, name="filter_norm")(x)
        if self.filters != self.bands:
            init = uniform_fan_in(self.filters)
            x = Pointwise(self.bands, init, self.mode, init, name="spread")(x)  # [B, T, F]
            x = conv_norm(self.mode, nn.relu, name="spread_norm")(x)
        return x


def normalise(feature: jax.Array, axes: tuple[int, ...] = (1, 2), floor: float = 1e-8) -> jax.Array:
    """Zero mean and unit standard deviation over the axes, of each clip: [B, T, F] -> the same.

    The variance has a floor where the released network divides by zero: a silent clip becomes zeros, not NaN.
    """
    centred = feature - feature.mean(axes, keepdims=True)
    variance = jnp.square(centred).mean(axes, keepdims=True)
    return centred / jnp.sqrt(jnp.maximum(variance, floor))


def residual_normalise(feature: jax.Array, share: float) -> jax.Array:
    """Each band with zero mean and unit standard deviation over time, plus `share` (lambda) times `normalise`.

    A microphone's response, which shifts the decibels of a band, is gone from the first and stays in the second
    (Kim et al., "QTI submission to DCASE 2021: residual normalization", section 3.1).
    """
    return normalise(feature, (1,), BAND_VARIANCE_FLOOR) + share * normalise(feature)

"""The whole network in plain flax.linen: the architecture to read, and the oracle that the fast one is compared with.

Names are those of `SceneNet`, joined by _ within attention and trunk; NAME_slope is the PReLU's after NAME_norm.
"""

import flax.linen as nn
import jax.numpy as jnp
from librosa.filters import mel

from asc_jax.net import mobilefacenet
from asc_jax.net.options import Network

normal = nn.initializers.normal()


class PlainNet(nn.Module):
    """Waveform [B, N] at 16 kHz -> cosine to every scene [B, scenes], in training mode."""

    scenes: int
    network: Network

    @nn.compact
    def __call__(self, waveform):
        log_mel, wavegram = self.log_mel(waveform), self.wavegram(waveform)  # [B, T, F]
        share = self.network.residual_normalisation
        by_band = normalise(log_mel, (1,), 1e-2) if share else 0
        log_mel = by_band + (share or 1) * normalise(log_mel, (1, 2), 1e-8)
        x = jnp.stack((log_mel, normalise(wavegram, (1, 2), 1e-8)), -1).swapaxes(1, 2)  # [B, F, T, 2]
        x = x * Attention(self.network, name="attention")(x)
        x = MobileFaceNet(self.network, name="trunk")(x)  # [B, 128]
        return unit(x) @ unit(self.param("head", normal, (self.scenes, x.shape[1]))).T

    def log_mel(self, waveform):
        padded = jnp.pad(waveform, ((0, 0), (512, 512)), "reflect")
        starts = self.network.hop * jnp.arange(waveform.shape[1] // self.network.hop + 1)
        frames = padded[:, starts[:, None] + jnp.arange(1024)[None]]  # [B, T, 1024]
        hann = 0.5 - 0.5 * jnp.cos(2 * jnp.pi * jnp.arange(1024) / 1024)
        power = jnp.abs(jnp.fft.rfft(frames * hann[None, None])) ** 2  # [B, T, 513]
        filters = mel(sr=16_000, n_fft=1024, n_mels=self.network.bands, htk=True).T
        if self.network.magnitude_mel:
            return 20 * jnp.log10(jnp.sqrt(power) @ filters + 1e-8)
        return 10 * jnp.log10(power @ filters + 1e-8)

    def wavegram(self, waveform):
        filters, bands, hop = self.network.wavegram_filters, self.network.bands, self.network.hop
        x = nn.Conv(filters, (1024,), hop, 512, name="wavegram_filter")(waveform[..., None])
        x = nn.relu(norm("wavegram_filter_norm")(x))
        if filters == bands:
            return x
        return nn.relu(norm("wavegram_spread_norm")(nn.Dense(bands, name="wavegram_spread")(x)))


class Attention(nn.Module):
    network: Network

    @nn.compact
    def __call__(self, x):  # [B, F, T, 2]
        for features in (16, 64):
            name, channels = f"separable_{features}", x.shape[-1]
            x = conv(channels, 3, groups=channels, name=f"{name}_depthwise")(x)
            x = nn.relu(norm(f"{name}_depthwise_norm")(x))
            x = conv(scaled(features, self.network.width), 1, name=f"{name}_pointwise")(x)
            x = nn.relu(norm(f"{name}_pointwise_norm")(x))
            x = nn.elu(norm(f"norm_{features}")(x))
        if self.network.plain_projection:
            return nn.sigmoid(nn.Dense(2, name="projection")(x))
        x = conv(x.shape[-1], 1, groups=x.shape[-1], use_bias=True, name="projection_depthwise")(x)
        x = nn.relu(norm("projection_depthwise_norm")(x))
        return nn.sigmoid(nn.relu(norm("projection_pointwise_norm")(nn.Dense(2, name="projection_pointwise")(x))))


class MobileFaceNet(nn.Module):
    network: Network

    @nn.compact
    def __call__(self, x):  # [B, F, T, 2]
        first, features, last, embedding = (scaled(channels, self.network.width) for channels in (64, 128, 512, 128))
        x = self.block(x, "stem", first, 3, stride=2)
        x = self.block(x, "depthwise", first, 3, groups=first)  # [B, F/2, T/2, 64]
        number = 0
        for expansion, _, stride in mobilefacenet.BOTTLENECKS:
            for repeat in range(self.network.depth):
                name, wide = f"bottleneck_{number}", expansion * x.shape[-1]
                y = self.block(x, f"{name}_expand", wide, 1)
                y = self.block(y, f"{name}_depthwise", wide, 3, stride if repeat == 0 else 1, wide)
                y = norm(f"{name}_project_norm")(conv(features, 1, name=f"{name}_project")(y))
                x = x + y if x.shape == y.shape else y
                number += 1
        x = self.block(x, "widen", last, 1)  # [B, F/16, T/16, 512]
        x = x.mean(2, keepdims=True) if self.network.mean_over_time else x
        x = (x * self.param("global_depthwise", normal, x.shape[1:])[None]).sum((1, 2))  # [B, 512]
        x = nn.Dense(embedding, use_bias=False, name="embedding")(norm("global_depthwise_norm")(x))
        return norm("embedding_norm")(x)

    def block(self, x, name, features, size, stride=1, groups=1):
        """Convolution, BN, PReLU."""
        x = norm(f"{name}_norm")(conv(features, size, stride, groups, name=name)(x))
        slope = self.param(f"{name}_slope", nn.initializers.constant(0.25), (features,))
        return jnp.where(x >= 0, x, slope[None, None, None] * x)


def scaled(channels, width):
    return max(8, 4 * round(channels * width / 4))


def conv(features, size, stride=1, groups=1, use_bias=False, name=None):
    size, padding = (size, size), size // 2
    return nn.Conv(features, size, stride, padding, feature_group_count=groups, use_bias=use_bias, name=name)


def norm(name):
    return nn.BatchNorm(use_running_average=False, momentum=0.9, epsilon=1e-5, name=name)


def normalise(x, axes, floor):
    return (x - x.mean(axes, keepdims=True)) / jnp.sqrt(jnp.maximum(x.var(axes, keepdims=True), floor))


def unit(x):
    return x / jnp.linalg.norm(x, axis=-1, keepdims=True)

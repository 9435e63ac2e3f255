"""The layers that MobileFaceNet, the Wavegram and the attention map share, with their released initialisation.

Feature maps are [B, F, T, C]: clips, bands, frames, channels. A layer's `mode` selects its implementation. In training
on a CPU, layers take and return deferred maps, which are not computed yet (cpu/README.md).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import flax.linen as nn
import jax
import jax.numpy as jnp

from asc_jax.net.affine import identity, prelu
from asc_jax.net.channels import global_moments
from asc_jax.net.cpu.deferred import Deferred
from asc_jax.net.kernels import XLA, Kernels, Map

EPSILON = 1e-5


def materialise(x: Map) -> jax.Array:
    """Computes a deferred map; needed before `GlobalDepthwise`, and before what is no layer and no sum of two maps."""
    return x.array if isinstance(x, Deferred) else x


@dataclass(frozen=True)
class Mode:
    """How a network is computed."""

    train: bool = False
    folded: bool = False  # batch normalisation is folded into the convolution before it (folding.py)
    axis_name: str | None = None  # mesh axis over which BatchNorm averages its statistics
    kernels: Kernels = XLA


# N(0, sqrt(2 / (taps * out channels))), MobileFaceNet's: of kernels [..., C, D], and depthwise ones [..., C].
he_fan_out = nn.initializers.variance_scaling(2, "fan_out", "normal")
he_fan_out_depthwise = nn.initializers.variance_scaling(2, "fan_out", "normal", in_axis=())


def scaled(channels: int, width: float) -> int:
    """A share `width` of the channels, to the nearest multiple of 4, at least 8."""
    return max(8, 4 * round(channels * width / 4))


def uniform_fan_in(fan_in: int) -> nn.initializers.Initializer:
    """U(-1/sqrt(fan in), 1/sqrt(fan in)), PyTorch's default, for kernels and biases alike.

    Flax's initialisers take the fan-in from the array's own shape, which for a bias is not the kernel's.
    """

    def init(key, shape, dtype=jnp.float32):
        return jax.random.uniform(key, shape, dtype, -1, 1) / jnp.sqrt(fan_in).astype(dtype)

    return init


class BatchNorm(nn.Module):
    """Batch normalisation over all axes but the last, and the activation after it: [..., C] -> [..., C].

    The batch's biased variance normalises; the running variance takes the unbiased one, as in PyTorch. Epsilon is 1e-5,
    the momentum 0.9 (in PyTorch's terms 0.1). With `prelu` the slopes are learned, from 0.25 on.
    """

    mode: Mode
    activation: Callable[..., jax.Array] = identity

    @nn.compact
    def __call__(self, x: Map) -> Map:
        size = x.shape[-1:]
        scale = self.param("scale", nn.initializers.ones, size)
        bias = self.param("bias", nn.initializers.zeros, size)
        slopes = _slopes(self, size)
        running_mean = self.variable("batch_stats", "mean", jnp.zeros, size)
        running_var = self.variable("batch_stats", "var", jnp.ones, size)
        mean, var = running_mean.value, running_var.value
        if self.mode.train:
            mean, var, n = self._batch_statistics(x, running_mean.value)
            if not self.is_initializing():
                running_mean.value += 0.1 * (mean - running_mean.value)
                running_var.value += 0.1 * (var * (n / (n - 1)) - running_var.value)
        scale = scale * jax.lax.rsqrt(var + EPSILON)
        return self.mode.kernels.affine_activation(self.activation, x, scale, bias - mean * scale, slopes)

    def _batch_statistics(self, x: Map, near: jax.Array) -> tuple[jax.Array, jax.Array, int]:
        """Mean [C], biased variance [C] and number of positions of the global batch, sharded evenly over devices."""
        mean, var = self.mode.kernels.moments(x, near)
        positions, axis = math.prod(x.shape[:-1]), self.mode.axis_name
        if axis is None or jax.lax.axis_size(axis) == 1:
            return mean, var, positions
        return *global_moments(mean, var, axis), positions * jax.lax.axis_size(axis)


class FoldedBatchNorm(nn.Module):
    """What remains of a batch normalisation that is folded into the convolution before it: bias and activation."""

    mode: Mode
    activation: Callable[..., jax.Array] = identity

    @nn.compact
    def __call__(self, x: Map) -> Map:
        size = x.shape[-1:]
        bias = self.param("bias", nn.initializers.zeros, size)
        return self.mode.kernels.affine_activation(self.activation, x, jnp.ones(size), bias, _slopes(self, size))


def conv_norm(mode: Mode, activation: Callable[..., jax.Array] = identity, name: str | None = None) -> nn.Module:
    """The normalisation of a convolution's result, and the activation after it."""
    return (FoldedBatchNorm if mode.folded else BatchNorm)(mode, activation, name=name)


def _slopes(module: BatchNorm | FoldedBatchNorm, size: tuple[int, ...]) -> tuple[jax.Array, ...]:
    return (module.param("slope", nn.initializers.constant(0.25), size),) if module.activation is prelu else ()


class Pointwise(nn.Module):
    """1x1 convolution: [..., C] -> [..., features]."""

    features: int
    kernel_init: nn.initializers.Initializer
    mode: Mode
    bias_init: nn.initializers.Initializer | None = None  # None: no bias

    @nn.compact
    def __call__(self, x: Map) -> Map:
        kernel = self.param("kernel", self.kernel_init, (x.shape[-1], self.features))
        bias = self.param("bias", self.bias_init, (self.features,)) if self.bias_init else None
        return self.mode.kernels.pointwise(x, kernel, bias)


class Depthwise3x3(nn.Module):
    """Depthwise 3x3 convolution, padding 1: [B, F, T, C] -> [B, ceil(F / stride), ceil(T / stride), C]."""

    kernel_init: nn.initializers.Initializer
    mode: Mode
    stride: int = 1

    @nn.compact
    def __call__(self, x: Map) -> Map:
        kernel = self.param("kernel", self.kernel_init, (3, 3, x.shape[-1]))
        return self.mode.kernels.depthwise3x3(x, kernel, self.stride)


class Conv3x3(nn.Module):
    """3x3 convolution, stride 2, padding 1: [B, F, T, C] -> [B, ceil(F / 2), ceil(T / 2), features]."""

    features: int
    kernel_init: nn.initializers.Initializer
    mode: Mode

    @nn.compact
    def __call__(self, x: Map) -> Map:
        kernel = self.param("kernel", self.kernel_init, (3, 3, x.shape[-1], self.features))
        return self.mode.kernels.conv3x3(x, kernel)


class GlobalDepthwise(nn.Module):
    """One weight per position and channel, as large as its input: [B, F, T, C] -> [B, C]."""

    kernel_init: nn.initializers.Initializer
    mode: Mode

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("kernel", self.kernel_init, x.shape[1:])
        return self.mode.kernels.global_depthwise(x, kernel)

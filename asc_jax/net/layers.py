"""The layers that MobileFaceNet, the Wavegram and the attention map share, with their released initialisation."""

import math
from collections.abc import Callable
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from asc_jax.net.backend import over_devices, sharing_devices
from asc_jax.net.channels import along_channels
from asc_jax.net.convolution import depthwise3x3
from asc_jax.net.maps import Map
from asc_jax.net.normalisation import prelu, scale_and_activate

EPSILON = 1e-5


def he_fan_out(taps: int) -> nn.initializers.Initializer:
    """N(0, sqrt(2 / (taps * out channels))), MobileFaceNet's initialisation; the last axis holds the out channels."""

    def init(key, shape, dtype=jnp.float32):
        return jnp.sqrt(2 / (taps * shape[-1])).astype(dtype) * jax.random.normal(key, shape, dtype)

    return init


def uniform_fan_in(fan_in: int) -> nn.initializers.Initializer:
    """U(-1/sqrt(fan in), 1/sqrt(fan in)), PyTorch's default, for kernels and biases alike."""

    def init(key, shape, dtype=jnp.float32):
        return jax.random.uniform(key, shape, dtype, -1, 1) / jnp.sqrt(fan_in).astype(dtype)

    return init


class BatchNorm(nn.Module):
    """Batch normalisation over all axes but the last, and the activation after it: [..., C] -> [..., C].

    The batch's biased variance normalises; the running variance takes the unbiased one, as PyTorch does
    (epsilon 1e-5, running statistics move by 0.1 a step). With `prelu` the slopes are learned, from 0.25 on.
    Where `fold` has moved the rest into the convolution before, a bias is left.
    """

    train: bool
    activation: Callable[..., jax.Array] = lambda x: x

    @nn.compact
    def __call__(self, x: Map, times: jax.Array | float = 1.0, plus: jax.Array | float = 0.0) -> Map:
        """Normalises times * x + plus, which is never computed: both [C] only change scale and shift."""
        size = x.shape[-1:]
        bias = self.param("bias", nn.initializers.zeros, size)
        slopes = (self.param("slope", nn.initializers.constant(0.25), size),) if self.activation is prelu else ()
        activate = partial(scale_and_activate, self.activation)
        if not self.is_initializing() and not self.has_variable("params", "scale"):
            return x.then(activate, jnp.ones(size), bias, slopes)
        scale = self.param("scale", nn.initializers.ones, size)
        running_mean = self.variable("batch_stats", "mean", jnp.zeros, size)
        running_var = self.variable("batch_stats", "var", jnp.ones, size)
        mean, var = running_mean.value, running_var.value
        if self.train:
            mean, var = over_devices(*x.moments())
            mean, var = times * mean + plus, jnp.square(times) * var
        if self.train and not self.is_initializing():
            n = math.prod(x.shape[:-1]) * sharing_devices()
            running_mean.value += 0.1 * (mean - running_mean.value)
            running_var.value += 0.1 * (var * (n / (n - 1)) - running_var.value)
        scale = scale * jax.lax.rsqrt(var + EPSILON)
        return x.then(activate, scale * times, bias + (plus - mean) * scale, slopes)


class Pointwise(nn.Module):
    """1x1 convolution [..., C] -> [..., features]."""

    features: int
    kernel_init: nn.initializers.Initializer
    bias_init: nn.initializers.Initializer | None = None  # None: no bias

    @nn.compact
    def __call__(self, x: Map) -> Map:
        kernel = self.param("kernel", self.kernel_init, (x.shape[-1], self.features))
        y = x.times(kernel)
        if self.bias_init is None:
            return y
        return y.then(_add, self.param("bias", self.bias_init, (self.features,)))


def _add(x, bias):
    return x + along_channels(x, bias.astype(x.dtype))


class Depthwise3x3(nn.Module):
    """Depthwise 3x3 convolution, padding 1: [B, F, T, C] -> [B, ceil(F / stride), ceil(T / stride), C]."""

    kernel_init: nn.initializers.Initializer
    stride: int = 1

    @nn.compact
    def __call__(self, x: Map) -> Map:
        kernel = self.param("kernel", self.kernel_init, (3, 3, x.shape[-1]))

        def convolve(x, kernel):
            return depthwise3x3(x, kernel.astype(x.dtype), self.stride)

        return x.then(convolve, kernel, by_position=False)

"""The layers that MobileFaceNet, the Wavegram and the attention map share, with their released initialisation."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from asc_jax.net.convolution import depthwise3x3, pointwise


def he_fan_out(taps: int):
    """N(0, sqrt(2 / (taps * out channels))), MobileFaceNet's initialisation; the last axis holds the out channels."""

    def init(key, shape, dtype=jnp.float32):
        return jnp.sqrt(2 / (taps * shape[-1])).astype(dtype) * jax.random.normal(key, shape, dtype)

    return init


def uniform_fan_in(fan_in: int):
    """U(-1/sqrt(fan in), 1/sqrt(fan in)), PyTorch's default, for kernels and biases alike."""

    def init(key, shape, dtype=jnp.float32):
        return jax.random.uniform(key, shape, dtype, -1, 1) / jnp.sqrt(fan_in).astype(dtype)

    return init


def along_channels(x, vector):
    """Gives a vector [C] the rank of x [..., C]."""
    return vector.reshape((1,) * (x.ndim - 1) + vector.shape)


class BatchNorm(nn.Module):
    """Batch normalisation over all axes but the last: [..., C] -> [..., C].

    The batch's biased variance normalises; the running variance takes the unbiased one, as PyTorch does
    (epsilon 1e-5, running statistics move by 0.1 a step).
    """

    train: bool

    @nn.compact
    def __call__(self, x):
        size = x.shape[-1:]
        scale = self.param("scale", nn.initializers.ones, size)
        bias = self.param("bias", nn.initializers.zeros, size)
        running_mean = self.variable("batch_stats", "mean", jnp.zeros, size)
        running_var = self.variable("batch_stats", "var", jnp.ones, size)
        if self.train:
            axes = tuple(range(x.ndim - 1))
            mean = x.mean(axes)
            var = jnp.square(x - along_channels(x, mean)).mean(axes)
            if not self.is_initializing():
                n = x.size // x.shape[-1]
                running_mean.value += 0.1 * (mean - running_mean.value)
                running_var.value += 0.1 * (var * (n / (n - 1)) - running_var.value)
        else:
            mean, var = running_mean.value, running_var.value
        gain = scale * jax.lax.rsqrt(var + 1e-5)
        return (x - along_channels(x, mean)) * along_channels(x, gain) + along_channels(x, bias)


class PReLU(nn.Module):
    """max(x, 0) + slope * min(x, 0) with one learned slope per channel."""

    @nn.compact
    def __call__(self, x):
        slope = self.param("slope", nn.initializers.constant(0.25), x.shape[-1:])
        return jnp.where(x >= 0, x, along_channels(x, slope) * x)


class Pointwise(nn.Module):
    """1x1 convolution [..., C] -> [..., features]."""

    features: int
    kernel_init: nn.initializers.Initializer
    bias_init: nn.initializers.Initializer | None = None  # None: no bias

    @nn.compact
    def __call__(self, x):
        y = pointwise(x, self.param("kernel", self.kernel_init, (x.shape[-1], self.features)))
        if self.bias_init is None:
            return y
        return y + along_channels(y, self.param("bias", self.bias_init, (self.features,)))


class Depthwise3x3(nn.Module):
    """Depthwise 3x3 convolution, padding 1: [B, F, T, C] -> [B, ceil(F / stride), ceil(T / stride), C]."""

    kernel_init: nn.initializers.Initializer
    stride: int = 1

    @nn.compact
    def __call__(self, x):
        kernel = self.param("kernel", self.kernel_init, (3, 3, x.shape[-1]))
        return depthwise3x3(x, kernel, self.stride)

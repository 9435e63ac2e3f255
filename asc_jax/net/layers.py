"""The layers that MobileFaceNet, the Wavegram and the attention map share, with their released initialisation."""

from collections.abc import Callable
from functools import partial

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


def prelu(x, slope):
    """max(x, 0) + slope * min(x, 0), with one slope per channel."""
    return jnp.where(x >= 0, x, along_channels(x, slope) * x)


class BatchNorm(nn.Module):
    """Batch normalisation over all axes but the last, and the activation after it: [..., C] -> [..., C].

    The batch's biased variance normalises; the running variance takes the unbiased one, as PyTorch does
    (epsilon 1e-5, running statistics move by 0.1 a step). With `prelu` the slopes are learned, from 0.25 on.
    """

    train: bool
    activation: Callable = lambda x: x

    @nn.compact
    def __call__(self, x):
        size = x.shape[-1:]
        affine = {
            "scale": self.param("scale", nn.initializers.ones, size),
            "bias": self.param("bias", nn.initializers.zeros, size),
        }
        slopes = (self.param("slope", nn.initializers.constant(0.25), size),) if self.activation is prelu else ()
        running_mean = self.variable("batch_stats", "mean", jnp.zeros, size)
        running_var = self.variable("batch_stats", "var", jnp.ones, size)
        if not self.train:
            return scale_and_activate(
                self.activation, normalised(x, running_mean.value, running_var.value), affine, slopes
            )
        y, mean, var = batch_norm(self.activation, x, affine, slopes)
        if not self.is_initializing():
            n = x.size // x.shape[-1]
            running_mean.value += 0.1 * (mean - running_mean.value)
            running_var.value += 0.1 * (var * (n / (n - 1)) - running_var.value)
        return y


def normalised(x, mean, var):
    """(x - mean) / sqrt(var + 1e-5) per channel: x [..., C], mean and var [C]."""
    return (x - along_channels(x, mean)) * along_channels(x, jax.lax.rsqrt(var + 1e-5))


def scale_and_activate(activation, x, affine, slopes):
    """activation(scale * x + bias, *slopes) per channel."""
    return activation(x * along_channels(x, affine["scale"]) + along_channels(x, affine["bias"]), *slopes)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def batch_norm(activation, x, affine, slopes):
    """Normalises x by its own statistics and activates it -> (y, mean [C], biased variance [C]).

    The backward pass computes everything anew from x: reading one array twice costs less than storing three.
    """
    axes = tuple(range(x.ndim - 1))
    mean = x.mean(axes)
    var = jnp.square(x - along_channels(x, mean)).mean(axes)
    return scale_and_activate(activation, normalised(x, mean, var), affine, slopes), mean, var


def _batch_norm_forward(activation, x, affine, slopes):
    y, mean, var = batch_norm(activation, x, affine, slopes)
    return (y, mean, var), (x, mean, var, affine, slopes)


def _batch_norm_backward(activation, residuals, cotangents):
    """The statistics' own cotangents are taken as zero: they only feed the running statistics."""
    x, mean, var, affine, slopes = residuals
    x, g = jax.lax.optimization_barrier((x, cotangents[0]))  # else XLA keeps what the forward pass computed
    z = normalised(x, mean, var)
    dz, d_affine, d_slopes = jax.vjp(lambda *inputs: scale_and_activate(activation, *inputs), z, affine, slopes)[1](g)
    rows = x.size // x.shape[-1]
    mean_dz = affine["scale"] * d_affine["bias"] / rows
    mean_z_dz = affine["scale"] * d_affine["scale"] / rows
    dx = dz - along_channels(x, mean_dz) - z * along_channels(x, mean_z_dz)
    return dx * along_channels(x, jax.lax.rsqrt(var + 1e-5)), d_affine, d_slopes


batch_norm.defvjp(_batch_norm_forward, _batch_norm_backward)


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

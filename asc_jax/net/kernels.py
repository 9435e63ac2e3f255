"""How the layers are computed: by XLA's own operations here; on a CPU by `cpu/`, else by gpu.py and tpu.py."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from asc_jax.net import affine, channels
from asc_jax.net.channels import Moments, along_channels, at_least_float32
from asc_jax.typed import custom_vjp

FEW = 4  # channels, up to which a sum of products is faster than a matrix product or a convolution
Map = Any  # a jax.Array; an `Affine`; in training on a CPU also a map that is not computed yet (cpu/deferred.py)


@dataclass(frozen=True)
class Affine:
    """scale * x + shift per channel, not computed: it is folded into the batch normalisation after it."""

    x: Map
    scale: jax.Array
    shift: jax.Array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.x.shape


class Kernels:
    """The formulas of the layers, left to XLA; x is a map [B, F, T, C], or [..., C] where F and T do not matter."""

    def pointwise(self, x: Map, kernel: jax.Array, bias: jax.Array | None = None) -> Map:
        """1x1 convolution with a kernel [C, D]: [..., C] -> [..., D]."""
        y = (_pointwise_to_few if kernel.shape[1] <= FEW else _pointwise)(x, kernel.astype(x.dtype))
        return y if bias is None else y + along_channels(y, bias.astype(y.dtype))

    def depthwise3x3(self, x: Map, kernel: jax.Array, stride: int) -> Map:
        """Zero padding 1, kernel [3, 3, C], stride 1 or 2: -> [B, ceil(F / stride), ceil(T / stride), C]."""
        return _convolve(x, kernel[:, :, None], stride, groups=x.shape[-1])

    def depthwise1x1(self, x: Map, kernel: jax.Array, bias: jax.Array) -> Affine:
        """A weight and a bias [C] per channel, whose result only a batch normalisation takes."""
        return Affine(x, kernel, bias)

    def conv3x3(self, x: Map, kernel: jax.Array) -> Map:
        """Zero padding 1, stride 2, kernel [3, 3, C, D]: -> [B, ceil(F / 2), ceil(T / 2), D]."""
        return _convolve(x, kernel, 2, groups=1)

    def global_depthwise(self, x: Map, kernel: jax.Array) -> jax.Array:
        """A weight per position and channel, kernel [F, T, C]: -> [B, C]."""
        return jnp.einsum("bftc,ftc->bc", x, kernel.astype(x.dtype))

    def moments(self, x: Map, near: jax.Array) -> Moments:
        """Mean [C], guessed as `near` [C], and biased variance [C] over all axes but the last, at least float32."""
        if isinstance(x, Affine):
            mean, var = self.moments(x.x, jnp.zeros_like(near))
            return x.scale * mean + x.shift, jnp.square(x.scale) * var
        if x.ndim < 4:  # few numbers, which may vary little beside their mean: two passes cost nothing
            near = channels.plain_moments(x)[0]
        return channels.moments(x, near)

    def affine_activation(
        self,
        activation: Callable[..., jax.Array],
        x: Map,
        scale: jax.Array,
        shift: jax.Array,
        slopes: tuple[jax.Array, ...] = (),
    ) -> Map:
        """activation(scale * x + shift, *slopes) per channel."""
        if isinstance(x, Affine):
            return self.affine_activation(activation, x.x, scale * x.scale, scale * x.shift + shift, slopes)
        return affine.affine_activation(activation, x, scale, shift, slopes)

    def spectrum(self, frames: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Real and imaginary part of the Fourier transform of real frames: [..., N] -> [..., N // 2 + 1]."""
        spectrum = jnp.fft.rfft(frames)
        return spectrum.real, spectrum.imag


class PortableKernels(Kernels):
    """For runtimes without XLA, which may lack a Fourier transform and fused loops."""

    def affine_activation(self, activation, x, scale, shift, slopes=()):
        return super().affine_activation(_prelu if activation is affine.prelu else activation, x, scale, shift, slopes)

    def spectrum(self, frames):
        size = frames.shape[-1]
        angle = np.outer(np.arange(size), np.arange(size // 2 + 1)) % size * (2 * np.pi / size)
        return frames @ jnp.asarray(np.cos(angle), frames.dtype), frames @ jnp.asarray(-np.sin(angle), frames.dtype)


def _pointwise(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return (x.reshape(-1, x.shape[-1]) @ kernel).reshape(*x.shape[:-1], kernel.shape[1])


_pointwise_to_few = custom_vjp()(_pointwise)


def _pointwise_to_few_backward(residuals, g):
    """The input's gradient as a sum of products, which XLA fuses into what needs it: a matrix product is stored."""
    x, kernel = residuals
    columns = (at_least_float32(g[..., d, None]) * along_channels(x, kernel[:, d]) for d in range(kernel.shape[1]))
    return reduce(jnp.add, columns).astype(x.dtype), jax.vjp(_pointwise, x, kernel)[1](g)[1]


_pointwise_to_few.defvjp(lambda x, kernel: (_pointwise(x, kernel), (x, kernel)), _pointwise_to_few_backward)


def _prelu(x, slope):
    """Without `Where`, which took ONNX Runtime 25 of 32 ms for a clip of 5 s."""
    return jnp.maximum(x, 0) + slope * jnp.minimum(x, 0)


def _convolve(x: jax.Array, kernel: jax.Array, stride: int, groups: int) -> jax.Array:
    strides, padding, layout = (stride, stride), ((1, 1), (1, 1)), ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(
        x, kernel.astype(x.dtype), strides, padding, dimension_numbers=layout, feature_group_count=groups
    )


XLA, PORTABLE = Kernels(), PortableKernels()

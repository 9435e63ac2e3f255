"""A depthwise convolution as a sum of shifted maps."""

from functools import reduce

import jax
import jax.numpy as jnp

from asc_jax.net.channels import at_least_float32
from asc_jax.typed import custom_vjp


@custom_vjp()
def depthwise3x3(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Depthwise 3x3 convolution with zero padding 1 and stride 1: x [B, F, T, C], kernel [3, 3, C] -> [B, F, T, C]."""
    taps = kernel.reshape(9, -1)[:, None, None, None]
    products = (tap * at_least_float32(shifted) for tap, shifted in zip(taps, _shifts(x), strict=True))
    return reduce(jnp.add, products).astype(x.dtype)


def _depthwise_backward(residuals, g):
    x, kernel = residuals
    sums = [(at_least_float32(g) * at_least_float32(shifted)).sum((0, 1, 2)) for shifted in _shifts(x)]
    return depthwise3x3(g, kernel[::-1, ::-1]), jnp.stack(sums).reshape(kernel.shape)


depthwise3x3.defvjp(lambda x, kernel: (depthwise3x3(x, kernel), (x, kernel)), _depthwise_backward)


def _shifts(x: jax.Array) -> list[jax.Array]:
    """The inputs of the nine taps, in the kernel's order."""
    bands, frames = x.shape[1:3]
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return [padded[:, i : i + bands, j : j + frames] for i in range(3) for j in range(3)]

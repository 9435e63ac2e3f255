"""Per-channel scale, shift and activation as one function, and the activations."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from asc_jax.net.channels import along_channels, at_least_float32
from asc_jax.typed import custom_vjp


def identity(x: jax.Array) -> jax.Array:
    """No activation."""
    return x


def prelu(x: jax.Array, slope: jax.Array) -> jax.Array:
    """x above zero, slope * x below."""
    return jnp.where(x >= 0, x, slope * x)


@jax.custom_jvp
def elu(x: jax.Array) -> jax.Array:
    """x above zero, exp(x) - 1 below."""
    return jnp.maximum(x, 0) + (jnp.exp(jnp.minimum(x, 0)) - 1)


elu.defjvps(lambda tangent, _, x: tangent * jnp.exp(jnp.minimum(x, 0)))  # autodiff of max and min splits it at zero


@custom_vjp(nondiff_argnums=(0,))
def affine_activation(
    activation: Callable[..., jax.Array],
    x: jax.Array,
    scale: jax.Array,
    shift: jax.Array,
    slopes: tuple[jax.Array, ...] = (),
) -> jax.Array:
    """activation(scale * x + shift, *slopes) per channel: x [..., C], the others [C] -> [..., C].

    Only the inputs are kept for the backward pass.
    """
    z = at_least_float32(x) * along_channels(x, scale) + along_channels(x, shift)
    return activation(z, *(along_channels(x, slope) for slope in slopes)).astype(x.dtype)


def _forward(activation, *inputs):
    return affine_activation(activation, *inputs), inputs


def _backward(activation, inputs, g):
    x, scale, shift, slopes = inputs
    z = at_least_float32(x) * along_channels(x, scale) + along_channels(x, shift)
    slopes_everywhere = [jnp.broadcast_to(along_channels(x, slope), x.shape) for slope in slopes]
    dz, *d_slopes = jax.vjp(activation, z, *slopes_everywhere)[1](at_least_float32(g))
    axes = tuple(range(x.ndim - 1))
    d_scale, d_shift, *d_slopes = (gradient.sum(axes) for gradient in (dz * x, dz, *d_slopes))
    return (dz * along_channels(x, scale)).astype(x.dtype), d_scale, d_shift, tuple(d_slopes)


affine_activation.defvjp(_forward, _backward)

"""What follows a normalisation: scale, shift and activation, of which only the input is kept for the backward pass."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from asc_jax.net.backend import by_hand, without_xla
from asc_jax.net.channels import along_channels, wide
from asc_jax.typed import custom_vjp


def prelu(x: jax.Array, slope: jax.Array) -> jax.Array:
    """x above zero, slope * x below."""
    if without_xla():  # choices took ONNX Runtime 25 of 32 ms for a clip of 5 s
        return jnp.maximum(x, 0) + slope * jnp.minimum(x, 0)
    return jnp.where(x >= 0, x, slope * x)


@jax.custom_jvp
def elu(x: jax.Array) -> jax.Array:
    """x above zero, exp(x) - 1 below."""
    return jnp.maximum(x, 0) + (jnp.exp(jnp.minimum(x, 0)) - 1)


elu.defjvps(lambda tangent, _, x: tangent * jnp.exp(jnp.minimum(x, 0)))  # autodiff treats ties at zero on their own


@custom_vjp(nondiff_argnums=(0,))
def scale_and_activate(
    activation: Callable[..., jax.Array],
    x: jax.Array,
    scale: jax.Array,
    shift: jax.Array,
    slopes: tuple[jax.Array, ...] = (),
) -> jax.Array:
    """activation(scale * x + shift, *slopes) per channel: x [..., C], the others [C]; it acts on each element alone."""
    z = wide(x) * along_channels(x, scale) + along_channels(x, shift)
    return activation(z, *(along_channels(x, slope) for slope in slopes)).astype(x.dtype)


def _activate_forward(activation, *inputs):
    return scale_and_activate(activation, *inputs), inputs


def _activate_backward(activation, inputs, g):
    x, scale, shift, slopes = inputs
    z = wide(x) * along_channels(x, scale) + along_channels(x, shift)
    slopes_of_all = [jnp.broadcast_to(along_channels(x, slope), x.shape) for slope in slopes]
    dz, *d_slopes = jax.vjp(activation, z, *slopes_of_all)[1](wide(g))
    if by_hand():  # else XLA computes each again for every sum
        dz, *d_slopes = lax.optimization_barrier((dz, *d_slopes))
    axes = tuple(range(x.ndim - 1))
    d_scale, d_shift, *d_slopes = (each.sum(axes) for each in (dz * x, dz, *d_slopes))
    return (dz * along_channels(x, scale)).astype(x.dtype), d_scale, d_shift, tuple(d_slopes)


scale_and_activate.defvjp(_activate_forward, _activate_backward)

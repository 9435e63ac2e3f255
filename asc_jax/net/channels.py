"""Vectors of channels [C] beside maps [..., C]: their rank, and a map's moments."""

import jax
import jax.numpy as jnp

from asc_jax.net.backend import by_hand
from asc_jax.typed import custom_vjp


def along_channels(x: jax.Array, vector: jax.Array) -> jax.Array:
    """Gives a vector [C] the rank of x [..., C]."""
    return vector.reshape((1,) * (x.ndim - 1) + vector.shape)


def wide(x: jax.Array) -> jax.Array:
    """x as float32, or as what it is if that is wider."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


def moments(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mean [C] and biased variance [C] over all axes but the last, at least float32."""
    # A CPU takes those of large maps in parts; the few small ones that come here are left to autodiff.
    return (_moments if by_hand() else _moments_and_derivative)(x)


def _moments(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    x = wide(x)
    axes = tuple(range(x.ndim - 1))
    mean = x.mean(axes)
    return mean, jnp.square(x - along_channels(x, mean)).mean(axes)


# Autodiff would read the map once more, to add up the differences from the mean: zero.
_moments_and_derivative = custom_vjp()(_moments)


def _moments_forward(x):
    mean, var = _moments(x)
    return (mean, var), (x, mean)


def _moments_backward(residuals, cotangents):
    x, mean = residuals
    slope, constant = of_moments(x.size // len(mean), mean, *cotangents)
    return ((wide(x) * along_channels(x, slope) + along_channels(x, constant)).astype(x.dtype),)


_moments_and_derivative.defvjp(_moments_forward, _moments_backward)


def of_moments(positions: int, mean: jax.Array, d_mean: jax.Array, d_var: jax.Array) -> tuple[jax.Array, jax.Array]:
    """(slope [C], constant [C]): slope * map + constant is a map's gradient through the moments of its positions."""
    slope = 2 / positions * d_var
    return slope, d_mean / positions - slope * mean

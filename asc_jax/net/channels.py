"""Vectors of channels [C] beside maps [..., C], and the mean and variance of each channel."""

import jax
import jax.numpy as jnp

from asc_jax.typed import custom_vjp

Moments = tuple[jax.Array, jax.Array]  # mean [C], biased variance [C]


def along_channels(x: jax.Array, vector: jax.Array) -> jax.Array:
    """Gives a vector [C] the rank of x [..., C]."""
    return vector.reshape((1,) * (x.ndim - 1) + vector.shape)


def at_least_float32(x: jax.Array) -> jax.Array:
    """x as float32, or as it is if that is wider."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


def plain_moments(x: jax.Array) -> Moments:
    """Mean [C] and biased variance [C] over all axes but the last, at least float32."""
    x = at_least_float32(x)
    axes = tuple(range(x.ndim - 1))
    mean = x.mean(axes)
    return mean, jnp.square(x - along_channels(x, mean)).mean(axes)


@custom_vjp()
def moments(x: jax.Array, near: jax.Array) -> Moments:
    """Mean [C] and biased variance [C] of x [..., C], at least float32, in one pass: the map is read once.

    Differences from `near` [C] and their squares are averaged together. The nearer that is to the mean, the less
    precision the variance loses (the shifted algorithm of Chan, Golub and LeVeque, 1983).
    """
    return _forward(x, near)[0]


def _forward(x, near):
    difference, axes = at_least_float32(x) - along_channels(x, near), tuple(range(x.ndim - 1))
    offset = difference.mean(axes)
    mean, var = near + offset, jnp.square(difference).mean(axes) - jnp.square(offset)
    return (mean, jnp.maximum(var, 0)), (x, mean)


def _backward(residuals, cotangents):
    """Autodiff would also compute the variance's gradient through the mean, which is zero, and read the map for it."""
    x, mean = residuals
    slope, constant = gradient_of_moments(x.size // len(mean), mean, *cotangents)
    dx = (at_least_float32(x) * along_channels(x, slope) + along_channels(x, constant)).astype(x.dtype)
    return dx, jnp.zeros_like(mean)


moments.defvjp(_forward, _backward)


@custom_vjp(nondiff_argnums=(2,))
def global_moments(mean: jax.Array, var: jax.Array, axis_name: str) -> Moments:
    """The moments of what all devices of a mesh axis hold together, from those of each one's equal share.

    One gather takes both, and one all-reduce both of their gradients (Chan, Golub and LeVeque, 1983, equation 2.1).
    """
    return _global_forward(mean, var, axis_name)[0]


def _global_forward(mean, var, axis_name):
    means, variances = jnp.moveaxis(jax.lax.all_gather(jnp.stack((mean, var)), axis_name), 1, 0)  # [devices, C] each
    global_mean = means.mean(0)
    global_var = (variances + jnp.square(means - global_mean[None])).mean(0)
    return (global_mean, global_var), mean - global_mean


def _global_backward(axis_name, deviation, cotangents):
    d_mean, d_var = jax.lax.pmean(jnp.stack(cotangents), axis_name)
    return d_mean + 2 * deviation * d_var, d_var


global_moments.defvjp(_global_forward, _global_backward)


def gradient_of_moments(positions: int, mean: jax.Array, d_mean: jax.Array, d_var: jax.Array) -> Moments:
    """(slope [C], constant [C]): a map x has the cotangent slope * x + constant through its moments."""
    slope = 2 / positions * d_var
    return slope, d_mean / positions - slope * mean

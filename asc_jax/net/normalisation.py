"""Statistics and activations of maps [..., C] that stay fast on a CPU, where passes over memory cost the most.

XLA makes such a pass for every sum over a map, and stores what is summed. Here the sums are taken chunk by chunk: what
they are of is computed in the cache and forgotten. Sums are at least float32.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax

from asc_jax.net.backend import by_hand

CHUNK = 3 << 20  # bytes; with what is computed from them they stay in the last-level cache


def along_channels(x, vector):
    """Gives a vector [C] the rank of x [..., C]."""
    return vector.reshape((1,) * (x.ndim - 1) + vector.shape)


def prelu(x, slope):
    """x above zero, slope * x below."""
    return jnp.where(x >= 0, x, slope * x)


@jax.custom_jvp
def elu(x):
    """x above zero, exp(x) - 1 below."""
    return jnp.maximum(x, 0) + (jnp.exp(jnp.minimum(x, 0)) - 1)


elu.defjvps(lambda tangent, _, x: tangent * jnp.exp(jnp.minimum(x, 0)))  # autodiff treats ties at zero on their own


def moments(x):
    """Mean [C] and biased variance [C] over all axes but the last."""
    if by_hand():
        return _moments(x)
    x = _wide(x)
    axes = tuple(range(x.ndim - 1))
    return x.mean(axes), x.var(axes)


@jax.custom_vjp
def _moments(x):
    def of_rows(rows):
        mean = rows.mean(0)
        return mean, jnp.square(rows - mean[None]).mean(0)

    means, variances = _by_chunks(of_rows, x)
    mean = means.mean(0)
    return mean, variances.mean(0) + jnp.square(means - mean[None]).mean(0)


def _moments_forward(x):
    mean, var = _moments(x)
    return (mean, var), (x, mean)


def _moments_backward(residuals, cotangents):
    x, mean = residuals
    d_mean, d_var = cotangents
    rows = math.prod(x.shape[:-1])
    slope = 2 / rows * d_var
    dx = _wide(x) * along_channels(x, slope) + along_channels(x, d_mean / rows - slope * mean)
    return (dx.astype(x.dtype),)


_moments.defvjp(_moments_forward, _moments_backward)


def scale_and_activate(activation, x, scale, shift, slopes=()):
    """activation(scale * x + shift, *slopes) per channel: x [..., C], the others [C]; it acts on each element alone."""
    return (_scale_and_activate if by_hand() else _plain)(activation, x, scale, shift, slopes)


def _plain(activation, x, scale, shift, slopes):
    slopes = [along_channels(x, slope) for slope in slopes]
    return activation(_wide(x) * along_channels(x, scale) + along_channels(x, shift), *slopes).astype(x.dtype)


_scale_and_activate = jax.custom_vjp(_plain, nondiff_argnums=(0,))


def _activate_forward(activation, *inputs):
    return _plain(activation, *inputs), inputs


def _activate_backward(activation, inputs, g):
    x, scale, shift, slopes = inputs

    def pull(x, g):
        z = x * along_channels(x, scale) + along_channels(x, shift)
        slopes_of_all = [jnp.broadcast_to(along_channels(x, slope), x.shape) for slope in slopes]
        return jax.vjp(activation, z, *slopes_of_all)[1](g)

    def sums(x, g):
        dz, *d_slopes = pull(x, g)
        # Behind the barrier each is one array to sum; else XLA computes it again for every sum.
        return tuple(each.sum(0) for each in lax.optimization_barrier((dz * x, dz, *d_slopes)))

    d_scale, d_shift, *d_slopes = (each.sum(0) for each in _by_chunks(sums, x, g))
    dx = pull(_wide(x), _wide(g))[0] * along_channels(x, scale)
    return dx.astype(x.dtype), d_scale, d_shift, tuple(d_slopes)


_scale_and_activate.defvjp(_activate_forward, _activate_backward)


def _by_chunks(function, *arrays):
    """Stacks what function(rows [R, C] of each array) returns over all chunks of rows: [chunks, ...]."""
    arrays = [x.reshape(-1, x.shape[-1]) for x in arrays]
    rows, least = len(arrays[0]), arrays[0].nbytes / CHUNK
    # With several devices a chunk would lie across them.
    chunks = 1 if jax.device_count() > 1 else next(n for n in range(1, rows + 1) if rows % n == 0 and n >= least)
    size = rows // chunks

    def of_chunk(number):
        return function(*(_wide(lax.dynamic_slice_in_dim(x, number * size, size)) for x in arrays))

    return lax.map(of_chunk, jnp.arange(chunks))


def _wide(x):
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))

"""Functions of maps, computed in chunks that fit the cache: forward for the result and its moments, and backward."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from asc_jax.net.channels import along_channels, at_least_float32, gradient_of_moments, plain_moments
from asc_jax.typed import custom_vjp

# Bytes of a chunk's largest map: with what is computed from it, it stays in a core's cache. On cores with 2 MiB of it a
# step took the same with 400 to 800 KiB, and longer with more.
CHUNK = 600 << 10

MapFunction = Callable[[tuple, tuple], jax.Array]  # (stored, parameters) -> map


def in_chunks(
    function: MapFunction,
    stored: tuple,
    parameters: tuple,
    result: jax.ShapeDtypeStruct,
    largest: int,
    local: bool,
    keep: bool,
) -> tuple[Any, jax.Array, jax.Array]:
    """(function(stored, parameters), which is like `result`, or None; its mean [C]; its biased variance [C]).

    `stored` are maps [B, F, T, C], of which the function takes some clips at a time, or, `local`, some rows
    [R, C] of all positions. `largest` is the number of elements of the largest intermediate map. With `keep` the result
    is written to memory.
    """
    units = math.prod(result.shape[: 2 if local else 1])
    chunks = _chunks(units, max(largest, result.size) * result.dtype.itemsize)
    # The axes of clips and bands are one: XLA copies an array that gains an axis of one clip.
    split = tuple(x.reshape(chunks, -1, *x.shape[-1 if local else 2 :]) for x in stored)
    shapes = tuple((-1, *x.shape[-1 if local else 1 :]) for x in stored)
    channels = result.shape[-1]
    chunk = jax.ShapeDtypeStruct((result.size // channels // chunks, channels), result.dtype)
    y, mean, var = _compute(_ChunkFunction(function, shapes, chunk), keep, split, parameters)
    return y.reshape(result.shape) if keep else None, mean, var


def _chunks(units: int, size: int) -> int:
    """In how many equal chunks of whole units a map of `size` bytes is computed."""
    return next(n for n in range(1, units + 1) if units % n == 0 and (n >= size / CHUNK or n == units))


def covariance(x: jax.Array, mean: jax.Array) -> jax.Array:
    """Biased covariance [C, C] of the channels of a map [B, F, T, C] whose mean [C] is known, at least float32."""
    units = math.prod(x.shape[:2])
    return _covariance(x.reshape(_chunks(units, x.nbytes), -1, x.shape[-1]), mean)


@custom_vjp()
def _covariance(x: jax.Array, mean: jax.Array) -> jax.Array:
    def of_chunk(total, rows):
        centred = at_least_float32(rows) - mean[None]
        return total + centred.T @ centred, None

    zeros = jnp.zeros((len(mean), len(mean)), mean.dtype)
    return _scan(of_chunk, zeros, x, None)[0] / math.prod(x.shape[:2])


def _covariance_backward(residuals, g):
    x, mean = residuals
    both = (g + g.T) / math.prod(x.shape[:2])

    def of_chunk(_, rows):
        return None, ((at_least_float32(rows) - mean[None]) @ both).astype(x.dtype)

    _, dx = _scan(of_chunk, None, x, _shapes_of_chunks(x))
    return dx, jnp.zeros_like(mean)  # the differences from the mean add up to zero


_covariance.defvjp(lambda x, mean: (_covariance(x, mean), (x, mean)), _covariance_backward)


@dataclass(frozen=True)
class _ChunkFunction:
    """`function` on one chunk: inputs reshaped to `shapes`, its result to rows [R, C]."""

    function: MapFunction
    shapes: tuple
    result: jax.ShapeDtypeStruct

    def __call__(self, stored, parameters):
        stored = tuple(x.reshape(shape) for x, shape in zip(stored, self.shapes, strict=True))
        return self.function(stored, parameters).reshape(self.result.shape)


@custom_vjp(nondiff_argnums=(0, 1))
def _compute(
    function: "_ChunkFunction", keep: bool, stored: tuple, parameters: tuple
) -> tuple[Any, jax.Array, jax.Array]:
    def of_chunk(_, stored):
        y = lax.optimization_barrier(function(stored, parameters))
        return None, ((y if keep else None), plain_moments(y))

    sums = jax.ShapeDtypeStruct(function.result.shape[-1:], jnp.promote_types(function.result.dtype, jnp.float32))
    results = (function.result if keep else None), (sums, sums)
    _, (y, (means, variances)) = _scan(of_chunk, None, stored, results)
    mean = means.mean(0)
    return y, mean, variances.mean(0) + jnp.square(means - mean[None]).mean(0)


def _forward(function, keep, stored, parameters):
    y, mean, var = _compute(function, keep, stored, parameters)
    return (y, mean, var), (stored, parameters, y, mean)


def _backward(function, keep, residuals, cotangents):
    stored, parameters, y, mean = residuals
    g, d_mean, d_var = cotangents
    rows = len(stored[0]) * function.result.shape[0]
    slope, constant = gradient_of_moments(rows, mean, d_mean, d_var)

    def of_chunk(total, chunk):
        g, stored, kept = chunk
        again, pull = jax.vjp(function, stored, parameters)
        y = at_least_float32(kept if keep else again)
        of_moments = y * along_channels(y, slope) + along_channels(y, constant)
        g = (at_least_float32(g) + of_moments if keep else of_moments).astype(again.dtype)
        d_stored, d_parameters = pull(lax.optimization_barrier(g))
        return jax.tree.map(jnp.add, total, d_parameters), d_stored

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    d_parameters, d_stored = _scan(of_chunk, zeros, (g, stored, y), _shapes_of_chunks(stored))
    return d_stored, d_parameters


_compute.defvjp(_forward, _backward)


def _shapes_of_chunks(xs):
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), xs)


def _scan(of_chunk: Callable[[Any, Any], tuple], total, xs, results) -> tuple:
    """Like lax.scan, with results of these shapes and types; their buffers start as a broadcast number of the input.

    lax.scan starts them as zeros. XLA then shares one constant among all loops with results of a shape, keeps it alive
    and copies it into each, which takes more memory and more time.
    """
    first = jax.tree.leaves(xs)[0]
    number = first[(0,) * first.ndim]
    ys = jax.tree.map(lambda y: jnp.broadcast_to(number.astype(y.dtype), (len(first), *y.shape)), results)

    def step(chunk, carry):
        total, ys = carry
        x = jax.tree.map(lambda x: lax.dynamic_index_in_dim(x, chunk, keepdims=False), xs)
        total, result = of_chunk(total, x)
        return total, jax.tree.map(lambda y, one: lax.dynamic_update_index_in_dim(y, one, chunk, 0), ys, result)

    return lax.fori_loop(0, len(first), step, (total, ys))

"""Convolutions with derivatives of their own: autodiff of the plain formulas stores what these recompute."""

from collections.abc import Sequence
from functools import reduce

import jax
import jax.numpy as jnp
from jax import lax

from asc_jax.typed import custom_vjp

FEW = 4  # output channels, up to which sums of products are faster than matrix products
NARROW = 64  # channels; with fewer, frames and channels become one axis, so that the innermost loop vectorises


@custom_vjp()
def pointwise(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """1x1 convolution: x [..., C], kernel [C, D] -> [..., D]."""
    # All products are of the same two axes: XLA's CPU backend copies what it contracts over several.
    return _barrier((_rows(x) @ kernel).reshape(*x.shape[:-1], kernel.shape[1]))


def _pointwise_forward(x, kernel):
    return pointwise(x, kernel), (x, kernel)


def _pointwise_backward(residuals, g):
    x, kernel = residuals
    rows, g_rows = _rows(x), _rows(g)
    if kernel.shape[1] > FEW:
        return pointwise(g, kernel.T), rows.T @ g_rows
    columns = [g_rows[:, d : d + 1] for d in range(kernel.shape[1])]
    dx = reduce(jnp.add, (column * kernel[None, :, d] for d, column in enumerate(columns)))
    return dx.reshape(x.shape), jnp.stack([(rows * column).sum(0) for column in columns], 1)


pointwise.defvjp(_pointwise_forward, _pointwise_backward)


def _rows(x: jax.Array) -> jax.Array:
    return _barrier(x).reshape(-1, x.shape[-1])


def _barrier(x: jax.Array) -> jax.Array:
    """Keeps XLA from fusing a change of shape with what computes x, which then runs without vector instructions."""
    return lax.optimization_barrier(x)


def conv3x3(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """3x3 convolution, stride 2, zero padding 1: [B, F, T, C], [3, 3, C, D] -> [B, ceil(F / 2), ceil(T / 2), D]."""
    return pointwise(jnp.concatenate(_shifts(_pad(x), x.shape[1:3], 2), -1), kernel.reshape(-1, kernel.shape[-1]))


@custom_vjp(nondiff_argnums=(2,))
def depthwise3x3(x: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    """Depthwise 3x3 convolution with zero padding 1, as a sum of nine shifted maps.

    x [B, F, T, C], kernel [3, 3, C] -> [B, ceil(F / stride), ceil(T / stride), C]; stride is 1 or 2.
    """
    clips, *size, channels = x.shape
    bands, frames = (-(-n // stride) for n in size)
    taps = kernel.reshape(9, channels)
    if stride == 1 and channels < NARROW:
        shifts = _flat_shifts(_flat(_pad(x)), bands, frames, channels)
        taps = jnp.tile(taps, (1, frames))
        y = reduce(jnp.add, (tap[None, None] * shift for tap, shift in zip(taps, shifts, strict=True)))
        return _barrier(y).reshape(clips, bands, frames, channels)
    shifts = _shifts(_pad(x), size, stride)
    return reduce(jnp.add, (tap[None, None, None] * shift for tap, shift in zip(taps, shifts, strict=True)))


def _pad(x: jax.Array) -> jax.Array:
    return jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))


def _shifts(x: jax.Array, size: Sequence[int], stride: int) -> list[jax.Array]:
    """The inputs of the nine taps, from a padded map whose size was [F, T], in the kernel's order."""
    bands, frames = (stride * -(-n // stride) for n in size)
    return [x[:, i : i + bands : stride, j : j + frames : stride] for i in range(3) for j in range(3)]


def _flat(x: jax.Array) -> jax.Array:
    """[B, F, T, C] -> [B, F, T * C], in which a shift by a frame is one by C."""
    return _barrier(_barrier(x).reshape(*x.shape[:2], -1))


def _flat_shifts(x: jax.Array, bands: int, frames: int, channels: int) -> list[jax.Array]:
    return [x[:, i : i + bands, j * channels : (j + frames) * channels] for i in range(3) for j in range(3)]


def _depthwise_forward(x, kernel, stride):
    return depthwise3x3(x, kernel, stride), (x, kernel)


def _depthwise_backward(stride, residuals, g):
    x, kernel = residuals
    x, g = lax.optimization_barrier((x, g))  # else the padded copy of the forward pass is kept
    dx = depthwise3x3(g, kernel[::-1, ::-1], 1) if stride == 1 else _spread(g, kernel)[:, : x.shape[1], : x.shape[2]]
    return dx, _kernel_gradient(x, g, stride)


depthwise3x3.defvjp(_depthwise_forward, _depthwise_backward)


def _spread(g: jax.Array, kernel: jax.Array) -> jax.Array:
    """Input gradient at stride 2, one parity of rows and columns at a time: [B, F, T, C] -> [B, 2F, 2T, C].

    Row 2q of the input meets kernel row 1 of output q; row 2q + 1 meets row 2 of output q and row 0 of output q + 1.
    """
    clips, bands, frames, channels = g.shape
    g = jnp.pad(g, ((0, 0), (0, 1), (0, 1), (0, 0)))
    met = (((1, 0),), ((2, 0), (0, 1)))  # parity -> (kernel index, output shift)
    phases = [
        sum(
            kernel[None, i, None, j, None] * g[:, a : a + bands, b : b + frames]
            for i, a in met[row]
            for j, b in met[column]
        )
        for row in (0, 1)
        for column in (0, 1)
    ]
    phases = jnp.stack(phases).reshape(2, 2, clips, bands, frames, channels)
    return phases.transpose(2, 3, 0, 4, 1, 5).reshape(clips, 2 * bands, 2 * frames, channels)


def _kernel_gradient(x: jax.Array, g: jax.Array, stride: int) -> jax.Array:
    """[3, 3, C]: products of each row of g with nine shifts of x, added up row by row so that no shift is stored."""
    x = _pad(x)
    bands, frames, channels = g.shape[1:]
    narrow = stride == 1 and channels < NARROW
    if narrow:
        x, g = _flat(x), _flat(g)

    def add_row(sums, band):
        g_row = lax.dynamic_slice_in_dim(g, band, 1, 1)  # [B, 1, T, C], or [B, 1, T * C]
        x_rows = lax.dynamic_slice_in_dim(x, stride * band, 3, 1)  # [B, 3, T + 2, C]
        if narrow:
            shifts = _flat_shifts(x_rows, 1, frames, channels)
        else:
            shifts = _shifts(x_rows, (1, stride * frames), stride)
        return tuple(total + g_row * shift for total, shift in zip(sums, shifts, strict=True)), None

    zeros = jnp.zeros((len(g), 1, *g.shape[2:]), x.dtype)
    sums, _ = lax.scan(add_row, (zeros,) * 9, jnp.arange(bands))
    return jnp.stack([_barrier(total).reshape(-1, channels).sum(0) for total in sums]).reshape(3, 3, channels)

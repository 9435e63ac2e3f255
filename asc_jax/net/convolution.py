"""Convolutions that stay fast on a CPU: autodiff of the plain formulas stores what these recompute."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from asc_jax.net.backend import by_hand

FEW = 4  # output channels, for which a matrix product is slower than a sum of products


@jax.custom_vjp
def pointwise(x, kernel):
    """1x1 convolution: x [..., C], kernel [C, D] -> [..., D]."""
    # All products are of the same two axes: XLA's CPU backend copies what it contracts over several.
    return (x.reshape(-1, x.shape[-1]) @ kernel).reshape(*x.shape[:-1], kernel.shape[1])


def _pointwise_forward(x, kernel):
    return pointwise(x, kernel), (x, kernel)


def _pointwise_backward(residuals, g):
    x, kernel = residuals
    rows, g_rows = (each.reshape(-1, each.shape[-1]) for each in (x, g))
    if kernel.shape[1] > FEW or not by_hand():
        return pointwise(g, kernel.T), rows.T @ g_rows
    columns = [g_rows[:, d : d + 1] for d in range(kernel.shape[1])]
    dx = sum(column * kernel[None, :, d] for d, column in enumerate(columns))
    return dx.reshape(x.shape), jnp.stack([(rows * column).sum(0) for column in columns], 1)


pointwise.defvjp(_pointwise_forward, _pointwise_backward)


def depthwise3x3(x, kernel, stride: int):
    """Depthwise 3x3 convolution with zero padding 1.

    x [B, F, T, C], kernel [3, 3, C] -> [B, ceil(F / stride), ceil(T / stride), C]; stride is 1 or 2.
    """
    return (_shifted if by_hand() else _grouped)(x, kernel, stride)


def _grouped(x, kernel, stride):
    return lax.conv_general_dilated(
        x,
        kernel[:, :, None],
        (stride, stride),
        ((1, 1), (1, 1)),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=x.shape[-1],
    )


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _shifted(x, kernel, stride):
    bands, frames = (-(-n // stride) for n in x.shape[1:3])
    x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return sum(
        _tap(kernel, i, j) * x[:, i : i + stride * bands : stride, j : j + stride * frames : stride]
        for i in range(3)
        for j in range(3)
    )


def _tap(kernel, i, j):
    return kernel[None, i, None, j, None]  # [1, 1, 1, C]


def _shifted_forward(x, kernel, stride):
    return _shifted(x, kernel, stride), (x, kernel)


def _shifted_backward(stride, residuals, g):
    x, kernel = residuals
    x, g = lax.optimization_barrier((x, g))  # else the padded copy of the forward pass is kept
    dx = _shifted(g, kernel[::-1, ::-1], 1) if stride == 1 else _spread(g, kernel)[:, : x.shape[1], : x.shape[2]]
    return dx, _kernel_gradient(x, g, stride)


_shifted.defvjp(_shifted_forward, _shifted_backward)


def _spread(g, kernel):
    """Input gradient at stride 2, one parity of rows and columns at a time: [B, F, T, C] -> [B, 2F, 2T, C].

    Row 2q of the input meets kernel row 1 of output q; row 2q + 1 meets row 2 of output q and row 0 of output q + 1.
    """
    clips, bands, frames, channels = g.shape
    g = jnp.pad(g, ((0, 0), (0, 1), (0, 1), (0, 0)))
    met = (((1, 0),), ((2, 0), (0, 1)))  # parity -> (kernel index, output shift)
    phases = [
        sum(_tap(kernel, i, j) * g[:, a : a + bands, b : b + frames] for i, a in met[row] for j, b in met[column])
        for row in (0, 1)
        for column in (0, 1)
    ]
    phases = jnp.stack(phases).reshape(2, 2, clips, bands, frames, channels)
    return phases.transpose(2, 3, 0, 4, 1, 5).reshape(clips, 2 * bands, 2 * frames, channels)


def _kernel_gradient(x, g, stride):
    """[3, 3, C]: products of each row of g with nine shifts of x, added up row by row so that no shift is stored."""
    x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    clips, bands, frames, channels = g.shape

    def add_row(sums, band):
        g_row = lax.dynamic_index_in_dim(g, band, 1, keepdims=False)  # [B, T, C]
        x_rows = lax.dynamic_slice_in_dim(x, stride * band, 3, 1)  # [B, 3, T + 2, C]
        shifts = (x_rows[:, i, j : j + stride * frames : stride] for i in range(3) for j in range(3))
        return tuple(total + g_row * shift for total, shift in zip(sums, shifts, strict=True)), None

    zeros = jnp.zeros((clips, frames, channels), x.dtype)
    sums, _ = lax.scan(add_row, (zeros,) * 9, jnp.arange(bands))
    return jnp.stack([total.sum((0, 1)) for total in sums]).reshape(3, 3, channels)

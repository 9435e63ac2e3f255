"""Convolutions that stay fast on a CPU: autodiff of the plain formulas stores what these recompute."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax


@jax.custom_vjp
def pointwise(x, kernel):
    """1x1 convolution: x [B, F, T, C], kernel [C, D] -> [B, F, T, D]."""
    return x @ kernel


def _pointwise_forward(x, kernel):
    return pointwise(x, kernel), (x, kernel)


def _pointwise_backward(residuals, g):
    x, kernel = residuals
    # Without the barrier XLA fuses what comes before and after into transposed copies.
    x, g = lax.optimization_barrier((x, g))
    return g @ kernel.T, _sum_of_outer_products(x, g)


def _sum_of_outer_products(x, g):
    """x [..., C], g [..., D] -> [C, D]; XLA's CPU product transposes its left side, so the narrow one stands there."""
    rows = tuple(range(x.ndim - 1))
    if x.shape[-1] > g.shape[-1]:
        return _sum_of_outer_products(g, x).T
    return lax.dot_general(x, g, ((rows, rows), ((), ())))


pointwise.defvjp(_pointwise_forward, _pointwise_backward)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def depthwise3x3(x, kernel, stride):
    """Depthwise 3x3 convolution with zero padding 1.

    x [B, F, T, C], kernel [3, 3, C] -> [B, ceil(F / stride), ceil(T / stride), C]; stride is 1 or 2.
    """
    bands, frames = (-(-n // stride) for n in x.shape[1:3])
    x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return sum(
        _tap(kernel, i, j) * x[:, i : i + stride * bands : stride, j : j + stride * frames : stride]
        for i in range(3)
        for j in range(3)
    )


def _tap(kernel, i, j):
    return kernel[None, i, None, j, None]  # [1, 1, 1, C]


def _depthwise_forward(x, kernel, stride):
    return depthwise3x3(x, kernel, stride), (x, kernel)


def _depthwise_backward(stride, residuals, g):
    x, kernel = residuals
    x, g = lax.optimization_barrier((x, g))  # else the padded copy of the forward pass is kept
    dx = depthwise3x3(g, kernel[::-1, ::-1], 1) if stride == 1 else _spread(g, kernel)[:, : x.shape[1], : x.shape[2]]
    return dx, _depthwise_kernel_gradient(x, g, stride)


depthwise3x3.defvjp(_depthwise_forward, _depthwise_backward)


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


def _depthwise_kernel_gradient(x, g, stride):
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

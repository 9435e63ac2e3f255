"""Convolutions that stay fast on a CPU: autodiff of the plain formulas stores what these recompute."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

CLIP, BAND, FRAME, CHANNEL = range(4)  # axes of every feature map: [B, F, T, C]


@jax.custom_vjp
def pointwise(x, kernel):
    """1x1 convolution: x [B, F, T, C], kernel [C, D] -> [B, F, T, D]."""
    return x @ kernel


def _pointwise_forward(x, kernel):
    return pointwise(x, kernel), (x, kernel)


def _pointwise_backward(residuals, g):
    x, kernel = residuals
    # Without the barrier XLA fuses the gradient of the next BatchNorm into a transposed copy of g.
    g = lax.optimization_barrier(g)
    rows = tuple(range(x.ndim - 1))
    return g @ kernel.T, lax.dot_general(x, g, ((rows, rows), ((), ())))


pointwise.defvjp(_pointwise_forward, _pointwise_backward)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def depthwise3x3(x, kernel, stride):
    """Depthwise 3x3 convolution with zero padding 1.

    x [B, F, T, C], kernel [3, 3, C] -> [B, ceil(F / stride), ceil(T / stride), C]; stride is 1 or 2.
    """
    bands, frames = (-(-n // stride) for n in x.shape[BAND:CHANNEL])
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
    """Nine sums of products, gathered row by row so that no shifted copy of x is stored."""
    x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    bands, frames = g.shape[BAND:CHANNEL]

    def row(total, band):
        g_row = lax.dynamic_slice_in_dim(g, band, 1, BAND)  # [B, 1, T, C]
        x_rows = lax.dynamic_slice_in_dim(x, stride * band, 3, BAND)  # [B, 3, T + 2, C]
        taps = [(g_row * x_rows[:, :, j : j + stride * frames : stride]).sum((CLIP, FRAME)) for j in range(3)]
        return total + jnp.stack(taps, 1), None

    return lax.scan(row, jnp.zeros((3, 3, x.shape[CHANNEL]), x.dtype), jnp.arange(bands))[0]

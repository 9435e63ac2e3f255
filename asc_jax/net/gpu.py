"""The layers on a GPU, where they differ from XLA's: cuDNN takes many times as long as memory for some convolutions."""

import jax
import jax.numpy as jnp
from jax import lax

from asc_jax.net.kernels import FEW, Kernels, convolve
from asc_jax.net.shifted import depthwise3x3
from asc_jax.typed import custom_vjp


class GpuKernels(Kernels):
    """Depthwise convolutions of few channels are sums of shifted maps; those that halve have their own derivative."""

    def depthwise3x3(self, x, kernel, stride):
        if x.shape[-1] <= FEW:
            return depthwise3x3(x, kernel)[:, ::stride, ::stride]
        return _halving(x, kernel) if stride == 2 else super().depthwise3x3(x, kernel, stride)


def _halved(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return convolve(x, kernel[:, :, None], 2, groups=x.shape[-1])


_halving = custom_vjp()(_halved)


def _halving_backward(residuals, g):
    """The input's gradient as a convolution of stride 1 and padding 1; XLA's has none, for which cuDNN is slow."""
    x, kernel = residuals
    to_end = [size - 2 * half + 1 for size, half in zip(x.shape[1:3], g.shape[1:3], strict=True)]
    between = lax.pad(g, jnp.zeros((), g.dtype), [(0, 0, 0), (0, to_end[0], 1), (0, to_end[1], 1), (0, 0, 0)])
    between = lax.optimization_barrier(between)  # or XLA joins this padding with the convolution's
    dx = convolve(between, kernel[::-1, ::-1, None], 1, groups=x.shape[-1])
    return dx, jax.vjp(_halved, x, kernel)[1](g)[1]


_halving.defvjp(lambda x, kernel: (_halved(x, kernel), (x, kernel)), _halving_backward)

GPU = GpuKernels()

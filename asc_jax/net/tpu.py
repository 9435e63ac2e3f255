"""The layers on a TPU, whose compiler copies and pads the maps of a convolution with groups many times over.

As a sum of shifted maps, a depthwise convolution is compiled into one operation with what is around it: the
normalisation and activation before it, the sum for the mean after it.
"""

import jax
from jax.experimental.layout import Layout, with_layout_constraint

from asc_jax.net.kernels import Kernels
from asc_jax.net.shifted import depthwise3x3

WIDE = 64  # channels, from which on they are the innermost axis: shifts along the innermost one take long


class TpuKernels(Kernels):
    """Depthwise convolutions as sums of shifted maps."""

    def depthwise3x3(self, x, kernel, stride):
        if x.shape[-1] < WIDE:
            return depthwise3x3(x, kernel)[:, ::stride, ::stride]
        y = _channels_innermost(depthwise3x3(_channels_innermost(x), kernel))
        return y[:, ::stride, ::stride]  # of all results: what would be saved is less than what gathering inputs costs


def _channels_innermost(x: jax.Array) -> jax.Array:
    return with_layout_constraint(x, Layout(tuple(range(x.ndim))))


TPU = TpuKernels()

"""The layers on a GPU: XLA's, but for the convolution of two channels, for which cuDNN is slow (bench/README.md)."""

from asc_jax.net.kernels import FEW, Kernels
from asc_jax.net.shifted import depthwise3x3


class GpuKernels(Kernels):
    """Depthwise convolutions of few channels as sums of shifted maps."""

    def depthwise3x3(self, x, kernel, stride):
        if x.shape[-1] <= FEW:
            return depthwise3x3(x, kernel)[:, ::stride, ::stride]
        return super().depthwise3x3(x, kernel, stride)


GPU = GpuKernels()

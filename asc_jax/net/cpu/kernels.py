"""The layers on a CPU: for evaluation whole maps at once, for training deferred ones."""

from functools import partial

from asc_jax.net.channels import along_channels
from asc_jax.net.cpu import convolution
from asc_jax.net.cpu.deferred import deferred
from asc_jax.net.kernels import Affine, Kernels, Map

RECOMPUTED = 16  # input channels, up to which computing a product again is faster than reading it from memory


class CpuKernels(Kernels):
    """Convolutions as matrix products and sums of shifted maps."""

    def pointwise(self, x, kernel, bias=None) -> Map:
        y = convolution.pointwise(x, kernel.astype(x.dtype))
        return y if bias is None else y + along_channels(y, bias.astype(y.dtype))

    def depthwise3x3(self, x, kernel, stride) -> Map:
        return convolution.depthwise3x3(x, kernel.astype(x.dtype), stride)

    def conv3x3(self, x, kernel) -> Map:
        return convolution.conv3x3(x, kernel.astype(x.dtype))

    def global_depthwise(self, x, kernel):  # a product per channel would put the channels first: two transpositions
        return (x * kernel.astype(x.dtype)[None]).sum((1, 2))


class CpuTrainingKernels(CpuKernels):
    """Maps [B, F, T, C] are deferred; convolutions store their results, because computing them anew takes longest.

    A 1x1 convolution of few channels and a 1x1 depthwise one store their input instead, whose moments give theirs.
    """

    def pointwise(self, x, kernel, bias=None):
        if not _is_map(x):
            return super().pointwise(x, kernel, bias)
        x = deferred(x)
        if len(kernel) <= RECOMPUTED and bias is None:
            return x.times(kernel)
        parameters = (kernel,) if bias is None else (kernel, bias)
        return x.then(super().pointwise, *parameters).store()

    def depthwise3x3(self, x, kernel, stride):
        convolve = partial(super().depthwise3x3, stride=stride)
        return deferred(x).then(convolve, kernel, local=False).store()

    def depthwise1x1(self, x, kernel, bias):
        return super().depthwise1x1(deferred(x).store(), kernel, bias)

    def conv3x3(self, x, kernel):
        return deferred(x).then(super().conv3x3, kernel, local=False).store()

    def moments(self, x, near):
        return deferred(x).moments() if _is_map(x) else super().moments(x, near)

    def affine_activation(self, activation, x, scale, shift, slopes=()):
        activate = partial(super().affine_activation, activation)
        return deferred(x).then(activate, scale, shift, slopes) if _is_map(x) else activate(x, scale, shift, slopes)


def _is_map(x: Map) -> bool:
    return len(x.shape) == 4 and not isinstance(x, Affine)


CPU, CPU_TRAINING = CpuKernels(), CpuTrainingKernels()

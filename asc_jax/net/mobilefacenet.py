"""MobileFaceNet, the trunk: feature maps [B, F, T, C] -> embedding [B, 128] (Chen et al., 2018, as released)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from asc_jax.net.backend import by_hand
from asc_jax.net.convolution import conv3x3
from asc_jax.net.layers import BatchNorm, Depthwise3x3, Pointwise, he_fan_out
from asc_jax.net.maps import Map, later
from asc_jax.net.normalisation import prelu

EMBEDDING = 128
# expansion, out channels, repeats, stride of the first
BOTTLENECKS = ((2, 128, 2, 2), (4, 128, 2, 2), (4, 128, 2, 2))


class Stem(nn.Module):
    """3x3 convolution, stride 2, padding 1: [B, F, T, C] -> [B, ceil(F / 2), ceil(T / 2), features]."""

    features: int

    @nn.compact
    def __call__(self, x: Map) -> Map:
        kernel = self.param("kernel", he_fan_out(9), (3, 3, x.shape[-1], self.features))

        def convolve(x, kernel):
            return conv3x3(x, kernel.astype(x.dtype))

        return x.then(convolve, kernel, by_position=False)


class GlobalDepthwise(nn.Module):
    """One weight per position and channel, as large as its input: [B, F, T, C] -> [B, C]."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("kernel", he_fan_out(x.shape[1] * x.shape[2]), x.shape[1:])
        kernel = kernel.astype(x.dtype)
        if by_hand():  # a product per channel would be computed with the channels first, for which both are transposed
            return (x * kernel[None]).sum((1, 2))
        return jnp.einsum("bftc,ftc->bc", x, kernel)


class Bottleneck(nn.Module):
    """Inverted residual: expand, depthwise, project; the identity is added where the shape stays."""

    features: int
    expansion: int
    stride: int
    train: bool

    @nn.compact
    def __call__(self, x: Map) -> Map:
        wide = x.shape[-1] * self.expansion
        y = Pointwise(wide, he_fan_out(1), name="expand")(x).store()
        y = BatchNorm(self.train, prelu, name="expand_norm")(y)
        y = Depthwise3x3(he_fan_out(9), self.stride, name="depthwise")(y).store()
        y = BatchNorm(self.train, prelu, name="depthwise_norm")(y)
        y = Pointwise(self.features, he_fan_out(1), name="project")(y).store()
        y = BatchNorm(self.train, name="project_norm")(y)
        return x.plus(y) if x.shape == y.shape else y


class MobileFaceNet(nn.Module):
    """Feature maps [B, F, T, C] -> embedding [B, 128]; F and T may be anything, and fix the global kernel's size.

    With `mean_over_time` the global kernel has a weight per band and channel, shared over time.
    """

    train: bool
    mean_over_time: bool = False

    @nn.compact
    def __call__(self, maps: jax.Array) -> jax.Array:
        x = Stem(64, name="stem")(later(maps, self.train)).store()
        x = BatchNorm(self.train, prelu, name="stem_norm")(x)
        x = Depthwise3x3(he_fan_out(9), name="depthwise")(x).store()
        x = BatchNorm(self.train, prelu, name="depthwise_norm")(x)  # [B, F/2, T/2, 64]
        number = 0
        for expansion, features, repeats, stride in BOTTLENECKS:
            for repeat in range(repeats):
                first = stride if repeat == 0 else 1
                x = Bottleneck(features, expansion, first, self.train, name=f"bottleneck_{number}")(x)
                number += 1
        x = Pointwise(512, he_fan_out(1), name="widen")(x).store()
        x = BatchNorm(self.train, prelu, name="widen_norm")(x)  # [B, F/16, T/16, 512]
        x = x.value.mean(2, keepdims=True) if self.mean_over_time else x.value
        x = GlobalDepthwise(name="global_depthwise")(x)
        x = BatchNorm(self.train, name="global_depthwise_norm")(Map((x,)))  # [B, 512]
        x = Pointwise(EMBEDDING, he_fan_out(1), name="embedding")(x)
        return BatchNorm(self.train, name="embedding_norm")(x).value

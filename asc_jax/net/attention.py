"""The attention map: a weight for each band and frame of each feature."""

import flax.linen as nn
import jax

from asc_jax.net.layers import BatchNorm, Depthwise3x3, Pointwise, uniform_fan_in
from asc_jax.net.maps import Map, later
from asc_jax.net.normalisation import elu


class SeparableConv(nn.Module):
    """Depthwise 3x3, BN, ReLU, pointwise, BN, ReLU: [B, F, T, C] -> [B, F, T, features]."""

    features: int
    train: bool

    @nn.compact
    def __call__(self, x: Map) -> Map:
        x = Depthwise3x3(uniform_fan_in(9), name="depthwise")(x).store()
        x = BatchNorm(self.train, nn.relu, name="depthwise_norm")(x).store()  # few channels are slow to compute anew
        x = Pointwise(self.features, uniform_fan_in(x.shape[-1]), name="pointwise")(x)
        return BatchNorm(self.train, nn.relu, name="pointwise_norm")(x)


class SeparableProjection(nn.Module):
    """The same with a 1x1 depthwise kernel and biases: [B, F, T, C] -> [B, F, T, features], never negative."""

    features: int
    train: bool

    @nn.compact
    def __call__(self, x: Map) -> Map:
        channels = x.shape[-1:]
        scale = self.param("depthwise_kernel", uniform_fan_in(1), channels)
        bias = self.param("depthwise_bias", uniform_fan_in(1), channels)
        x = BatchNorm(self.train, nn.relu, name="depthwise_norm")(x, times=scale, plus=bias)
        init = uniform_fan_in(x.shape[-1])
        x = Pointwise(self.features, init, init, name="pointwise")(x).store()
        return BatchNorm(self.train, nn.relu, name="pointwise_norm")(x)


class Attention(nn.Module):
    """Features [B, F, T, C] -> a mask of the same shape in [0.5, 1).

    With `plain_projection`, the paper's 1x1 convolution before the sigmoid, the mask lies in (0, 1).
    """

    plain_projection: bool
    train: bool

    @nn.compact
    def __call__(self, maps: jax.Array) -> jax.Array:
        channels = maps.shape[-1]
        x = later(maps, self.train)
        for features in (16, 64):
            x = SeparableConv(features, self.train, name=f"separable_{features}")(x)
            x = BatchNorm(self.train, elu, name=f"norm_{features}")(x)
        x = x.store()  # computing the exponentials of 64 channels anew would cost more than reading them
        if self.plain_projection:
            init = uniform_fan_in(x.shape[-1])
            x = Pointwise(channels, init, init, name="projection")(x).store()
        else:
            x = SeparableProjection(channels, self.train, name="projection")(x)
        return nn.sigmoid(x.value)

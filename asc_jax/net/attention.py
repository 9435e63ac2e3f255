"""The attention map: a weight for each band and frame of each feature."""

import flax.linen as nn
import jax

from asc_jax.net.affine import elu
from asc_jax.net.layers import (
    BatchNorm,
    Depthwise3x3,
    Map,
    Mode,
    Pointwise,
    conv_norm,
    materialise,
    scaled,
    uniform_fan_in,
)


class SeparableConv(nn.Module):
    """Depthwise 3x3, BN, ReLU, pointwise, BN, ReLU: [B, F, T, C] -> [B, F, T, features]."""

    features: int
    mode: Mode

    @nn.compact
    def __call__(self, x: Map) -> Map:
        x = Depthwise3x3(uniform_fan_in(9), self.mode, name="depthwise")(x)
        x = conv_norm(self.mode, nn.relu, name="depthwise_norm")(x)
        x = Pointwise(self.features, uniform_fan_in(x.shape[-1]), self.mode, name="pointwise")(x)
        return conv_norm(self.mode, nn.relu, name="pointwise_norm")(x)


class SeparableProjection(nn.Module):
    """`SeparableConv` with a 1x1 depthwise kernel and biases: [B, F, T, C] -> [B, F, T, features], never negative."""

    features: int
    mode: Mode

    @nn.compact
    def __call__(self, x: Map) -> Map:
        channels = x.shape[-1:]
        kernel = self.param("depthwise_kernel", uniform_fan_in(1), channels)
        bias = self.param("depthwise_bias", uniform_fan_in(1), channels)
        x = self.mode.kernels.depthwise1x1(x, kernel, bias)
        x = BatchNorm(self.mode, nn.relu, name="depthwise_norm")(x)
        init = uniform_fan_in(x.shape[-1])
        x = Pointwise(self.features, init, self.mode, init, name="pointwise")(x)
        return conv_norm(self.mode, nn.relu, name="pointwise_norm")(x)


class Attention(nn.Module):
    """Features [B, F, T, C] -> an attention map of the same shape in [0.5, 1).

    With `plain_projection`, the paper's 1x1 convolution before the sigmoid, it lies in (0, 1).
    """

    plain_projection: bool
    mode: Mode
    width: float = 1.0

    @nn.compact
    def __call__(self, maps: jax.Array) -> jax.Array:
        channels = maps.shape[-1]
        x: Map = maps
        for features in (16, 64):
            x = SeparableConv(scaled(features, self.width), self.mode, name=f"separable_{features}")(x)
            x = BatchNorm(self.mode, elu, name=f"norm_{features}")(x)  # [B, F, T, features]
        if self.plain_projection:
            init = uniform_fan_in(x.shape[-1])
            x = Pointwise(channels, init, self.mode, init, name="projection")(x)
        else:
            x = SeparableProjection(channels, self.mode, name="projection")(x)
        return nn.sigmoid(materialise(x))

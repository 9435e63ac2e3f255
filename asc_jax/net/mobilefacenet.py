"""MobileFaceNet, the trunk: feature maps [B, F, T, C] -> embedding [B, D] (Chen et al., 2018, as released D = 128)."""

import flax.linen as nn
import jax

from asc_jax.net.affine import prelu
from asc_jax.net.layers import (
    Conv3x3,
    Depthwise3x3,
    GlobalDepthwise,
    Map,
    Mode,
    Pointwise,
    conv_norm,
    he_fan_out,
    he_fan_out_depthwise,
    materialise,
    scaled,
)

EMBEDDING, FEATURES = 128, 512  # numbers at the end, and before it
# of each stage: expansion, out channels, stride of the first bottleneck
BOTTLENECKS = ((2, 128, 2), (4, 128, 2), (4, 128, 2))


def strides(depth: int) -> list[int]:
    """Those of the bottlenecks, of which a stage has `depth`."""
    return [stride if repeat == 0 else 1 for _, _, stride in BOTTLENECKS for repeat in range(depth)]


class Bottleneck(nn.Module):
    """Inverted residual: expand, depthwise, project; the identity is added where the shape stays."""

    features: int
    expansion: int
    stride: int
    mode: Mode

    @nn.compact
    def __call__(self, x: Map) -> Map:
        wide = x.shape[-1] * self.expansion
        y = Pointwise(wide, he_fan_out, self.mode, name="expand")(x)
        y = conv_norm(self.mode, prelu, name="expand_norm")(y)
        y = Depthwise3x3(he_fan_out_depthwise, self.mode, self.stride, name="depthwise")(y)
        y = conv_norm(self.mode, prelu, name="depthwise_norm")(y)
        y = Pointwise(self.features, he_fan_out, self.mode, name="project")(y)
        y = conv_norm(self.mode, name="project_norm")(y)
        return x + y if x.shape == y.shape else y


class MobileFaceNet(nn.Module):
    """Feature maps [B, F, T, C] -> embedding [B, 128]; F and T may be anything, and fix the global kernel's size.

    With `mean_over_time` the frames are averaged first, so that the global kernel has a weight per band and channel.
    `width` scales the numbers of channels, the embedding's among them; a stage has `depth` bottlenecks.
    """

    mode: Mode
    mean_over_time: bool = False
    width: float = 1.0
    depth: int = 2

    @nn.compact
    def __call__(self, maps: jax.Array) -> jax.Array:
        x = Conv3x3(scaled(64, self.width), he_fan_out, self.mode, name="stem")(maps)
        x = conv_norm(self.mode, prelu, name="stem_norm")(x)
        x = Depthwise3x3(he_fan_out_depthwise, self.mode, name="depthwise")(x)
        x = conv_norm(self.mode, prelu, name="depthwise_norm")(x)  # [B, F/2, T/2, 64]
        number = 0
        for expansion, channels, stride in BOTTLENECKS:
            features = scaled(channels, self.width)
            for repeat in range(self.depth):
                first = stride if repeat == 0 else 1
                x = Bottleneck(features, expansion, first, self.mode, name=f"bottleneck_{number}")(x)
                number += 1
        x = Pointwise(scaled(FEATURES, self.width), he_fan_out, self.mode, name="widen")(x)
        x = conv_norm(self.mode, prelu, name="widen_norm")(x)  # [B, F/16, T/16, 512]
        x = materialise(x).mean(2, keepdims=True) if self.mean_over_time else materialise(x)
        x = GlobalDepthwise(he_fan_out_depthwise, self.mode, name="global_depthwise")(x)  # [B, 512]
        x = conv_norm(self.mode, name="global_depthwise_norm")(x)
        x = Pointwise(scaled(EMBEDDING, self.width), he_fan_out, self.mode, name="embedding")(x)  # [B, 128]
        return conv_norm(self.mode, name="embedding_norm")(x)

"""The network after its front end in TensorFlow's own layers, each of which TensorFlow Lite computes in integers."""

from types import ModuleType
from typing import Any

import jax
import numpy as np

from asc_jax.deploy.classifier import Classifier
from asc_jax.net.folding import affine_of
from asc_jax.net.mobilefacenet import strides
from asc_jax.net.options import Network

FEATURES = "features"


def tensorflow_function(tf: ModuleType, model: Classifier, shape: tuple[int, int]) -> Any:
    """A tf.function: normalised features [1, F, T, 2], float32, of this shape (F, T) -> cosine [1, scenes]."""
    network, layers = model.net.network, _Layers(tf)
    params, stats = (jax.tree.map(np.asarray, model.variables[name]) for name in ("params", "batch_stats"))

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((1, *shape, 2), tf.float32, FEATURES)])
    def cosine(features):
        attention = _attention(layers, features, params["attention"], stats["attention"], network)
        embedding = _trunk(layers, features * attention, params["trunk"], network)
        directions = params["head"]["directions"]
        lengths = np.linalg.norm(directions, axis=1, keepdims=True)
        return tf.math.l2_normalize(embedding, -1) @ layers.constant((directions / lengths).T)

    return cosine


def _attention(layers: "_Layers", x: Any, params: dict, stats: dict, network: Network) -> Any:
    relu, sigmoid = layers.tf.nn.relu, layers.tf.nn.sigmoid
    for features in (16, 64):
        block = params[f"separable_{features}"]
        x = relu(layers.depthwise3x3(x, block["depthwise"], block["depthwise_norm"]))
        x = relu(layers.pointwise(x, block["pointwise"], block["pointwise_norm"]))
        scale, shift = affine_of(params[f"norm_{features}"], stats[f"norm_{features}"])
        x = layers.tf.nn.elu(x * layers.constant(scale) + layers.constant(shift))
    block = params["projection"]
    if network.plain_projection:
        return sigmoid(layers.pointwise(x, block, block))
    scale, shift = affine_of(block["depthwise_norm"], stats["projection"]["depthwise_norm"])
    kernel, bias = block["depthwise_kernel"] * scale, block["depthwise_bias"] * scale + shift
    x = relu(layers.depthwise(x, kernel[None, None], bias))
    return sigmoid(relu(layers.pointwise(x, block["pointwise"], block["pointwise_norm"])))


def _trunk(layers: "_Layers", x: Any, params: dict, network: Network) -> Any:
    """-> embedding [1, D]."""

    def activated(x, block, name):
        return layers.prelu(x, block[f"{name}_norm"]["slope"])

    x = activated(layers.conv3x3(x, params["stem"], params["stem_norm"]), params, "stem")
    x = activated(layers.depthwise3x3(x, params["depthwise"], params["depthwise_norm"]), params, "depthwise")
    for number, stride in enumerate(strides(network.depth)):
        block = params[f"bottleneck_{number}"]
        y = activated(layers.pointwise(x, block["expand"], block["expand_norm"]), block, "expand")
        y = layers.depthwise3x3(y, block["depthwise"], block["depthwise_norm"], stride)
        y = layers.pointwise(activated(y, block, "depthwise"), block["project"], block["project_norm"])
        x = x + y if x.shape == y.shape else y
    x = activated(layers.pointwise(x, params["widen"], params["widen_norm"]), params, "widen")
    x = layers.tf.reduce_mean(x, 2, keepdims=True) if network.mean_over_time else x
    x = layers.depthwise(x, params["global_depthwise"]["kernel"], params["global_depthwise_norm"]["bias"])
    x = layers.pointwise(x, params["embedding"], params["embedding_norm"])
    return layers.tf.reshape(x, (1, -1))


class _Layers:
    """Those of net/layers.py for one clip [1, F, T, C], with the parameters of a layer and of its folded norm."""

    def __init__(self, tf: ModuleType) -> None:
        self.tf = tf

    def constant(self, array: np.ndarray | jax.Array) -> Any:
        return self.tf.constant(array, self.tf.float32)

    def pointwise(self, x: Any, layer: dict, norm: dict) -> Any:
        y = self.tf.nn.conv2d(x, self.constant(layer["kernel"][None, None]), 1, "VALID")
        return self._shifted(y, norm["bias"])

    def conv3x3(self, x: Any, layer: dict, norm: dict) -> Any:
        y = self.tf.nn.conv2d(self._padded(x), self.constant(layer["kernel"]), 2, "VALID")
        return self._shifted(y, norm["bias"])

    def depthwise3x3(self, x: Any, layer: dict, norm: dict, stride: int = 1) -> Any:
        if stride == 1:  # needs no padding as an operation of its own
            return self.depthwise(x, layer["kernel"], norm["bias"], padding="SAME")
        return self.depthwise(self._padded(x), layer["kernel"], norm["bias"], stride)

    def depthwise(self, x: Any, kernel: np.ndarray, bias: np.ndarray, stride: int = 1, padding: str = "VALID") -> Any:
        """With a kernel [height, width, C]."""
        y = self.tf.nn.depthwise_conv2d(x, self.constant(kernel[..., None]), (1, stride, stride, 1), padding)
        return self._shifted(y, bias)

    def prelu(self, x: Any, slope: np.ndarray) -> Any:
        """In the form that TensorFlow Lite's converter makes one operation of."""
        relu = self.tf.nn.relu
        return relu(x) + self.constant(-slope[None, None]) * relu(-x)

    def _padded(self, x: Any) -> Any:
        return self.tf.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))

    def _shifted(self, y: Any, bias: np.ndarray) -> Any:
        return self.tf.nn.bias_add(y, self.constant(bias))

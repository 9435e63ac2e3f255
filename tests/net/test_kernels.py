"""The kernels of CPUs, GPUs and TPUs in training against XLA's, with gradients, in float64; networks: test_plain.py."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.net.affine import prelu
from asc_jax.net.attention import SeparableProjection
from asc_jax.net.backend import kernels_for
from asc_jax.net.cpu.deferred import Deferred
from asc_jax.net.cpu.kernels import CPU, CPU_TRAINING
from asc_jax.net.gpu import GPU
from asc_jax.net.kernels import FEW, PORTABLE, XLA
from asc_jax.net.layers import Conv3x3, Mode, conv_norm, he_fan_out, materialise
from asc_jax.net.mobilefacenet import Bottleneck
from asc_jax.net.tpu import TPU


class Stem(nn.Module):
    mode: Mode

    @nn.compact
    def __call__(self, x):
        return conv_norm(self.mode, prelu)(Conv3x3(6, he_fan_out, self.mode)(x))


LAYERS = {
    "halving": lambda mode: Bottleneck(6, 2, 2, mode),
    "residual": lambda mode: Bottleneck(4, 2, 1, mode),
    "projection": lambda mode: SeparableProjection(2, mode),
    "stem": Stem,
}


def test_each_backend_has_its_kernels():
    assert (kernels_for("cpu", True), kernels_for("cpu", False)) == (CPU_TRAINING, CPU)
    assert kernels_for("gpu", True) == kernels_for("gpu", False) == GPU
    assert kernels_for("tpu", True) == kernels_for("tpu", False) == TPU
    assert kernels_for("portable", False) == PORTABLE
    assert kernels_for(None, False) == kernels_for(jax.default_backend(), False)


@pytest.mark.parametrize("ours", [CPU_TRAINING, GPU, TPU], ids=["cpu", "gpu", "tpu"])
@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_layers_are_xlas(layer, ours):
    with jax.enable_x64(True):
        x = jnp.asarray(np.random.default_rng(0).normal(size=(3, 8, 9, 4)))
        variables = layer(Mode()).init(jax.random.key(0), x)
        variables = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), variables)

        def gradients(kernels):
            mode = Mode(train=True, kernels=kernels)

            def outcome(params, x):
                y, changed = layer(mode).apply(variables | {"params": params}, x, mutable=["batch_stats"])
                return jnp.sum(jnp.sin(materialise(y))), changed

            return jax.jit(jax.value_and_grad(outcome, (0, 1), has_aux=True))(variables["params"], x)

        computed, plain = (jax.tree.leaves(gradients(kernels)) for kernels in (ours, XLA))
        for a, b in zip(computed, plain, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("features", [1, 2, FEW, FEW + 1])
def test_gradients_of_a_product_are_those_of_the_matrix_product(features):
    with jax.enable_x64(True):
        random = np.random.default_rng(0)
        x, kernel = (jnp.asarray(random.normal(size=shape)) for shape in ((2, 3, 5, 7), (7, features)))
        y, pullback = jax.vjp(XLA.pointwise, x, kernel)
        expected, expected_pullback = jax.vjp(lambda x, kernel: jnp.einsum("bftc,cd->bftd", x, kernel), x, kernel)
        np.testing.assert_allclose(y, expected)
        g = jnp.asarray(random.normal(size=y.shape))
        jax.tree.map(np.testing.assert_allclose, pullback(g), expected_pullback(g))


def test_the_variance_of_few_embeddings_is_precise_whatever_their_mean():
    x = np.random.default_rng(0).normal(1e3, 1, (2, 5)).astype(np.float32)
    mean, var = XLA.moments(jnp.asarray(x), jnp.zeros(5))
    np.testing.assert_allclose(mean, x.mean(0), rtol=1e-6)
    np.testing.assert_allclose(var, x.astype(np.float64).var(0), rtol=1e-3)


def test_maps_are_deferred_in_training_alone():
    x, kernel = jnp.ones((1, 2, 2, 3)), jnp.ones((3, 3, 3))
    assert isinstance(CPU_TRAINING.depthwise3x3(x, kernel, 1), Deferred)
    assert isinstance(CPU.depthwise3x3(x, kernel, 1), jax.Array)

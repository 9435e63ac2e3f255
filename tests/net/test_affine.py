"""The hand-written derivative of scale, shift and activation against autodiff of the plain formula, in float64."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.net.affine import affine_activation, elu, prelu
from asc_jax.net.kernels import PORTABLE, XLA


@pytest.mark.parametrize(
    ("ours", "oracle"),
    [(nn.relu, nn.relu), (elu, nn.elu), (prelu, lambda x, slope: jnp.maximum(x, 0) + slope * jnp.minimum(x, 0))],
    ids=["relu", "elu", "prelu"],
)
def test_activations_and_their_gradients_are_autodiffs(ours, oracle):
    def plain(x, scale, shift, slopes):
        scale, shift, *slopes = (vector[None, None, None] for vector in (scale, shift, *slopes))
        return oracle(x * scale + shift, *slopes)

    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        x = jnp.asarray(rng.normal(3, 2, (4, 5, 6, 7)))
        scale, shift = jnp.asarray(rng.uniform(-2, 2, 7)), jnp.asarray(rng.normal(size=7))
        slopes = (jnp.asarray(rng.uniform(0.1, 0.4, 7)),) if ours is prelu else ()
        y, pullback = jax.vjp(lambda *inputs: affine_activation(ours, *inputs), x, scale, shift, slopes)
        expected, expected_pullback = jax.vjp(plain, x, scale, shift, slopes)
        np.testing.assert_allclose(y, expected, atol=1e-12)
        cotangent = jnp.asarray(rng.normal(size=x.shape))
        gradients = zip(*map(jax.tree.leaves, (pullback(cotangent), expected_pullback(cotangent))), strict=True)
        for gradient, expected in gradients:
            np.testing.assert_allclose(gradient, expected, atol=1e-11)


def test_bfloat16_stays_bfloat16():
    x, vector = jnp.ones((2, 3, 7), jnp.bfloat16), jnp.ones(7)
    assert affine_activation(elu, x, vector, vector).dtype == jnp.bfloat16


def test_a_portable_prelu_is_the_same_without_a_choice():
    x, slope, one = jnp.asarray([[-2.0, -0.5, 0.0, 3.0]]), jnp.full(4, 0.25), jnp.ones(4)

    def traced(kernels):
        return str(jax.make_jaxpr(lambda x: kernels.affine_activation(prelu, x, one, one, (slope,)))(x))

    y = PORTABLE.affine_activation(prelu, x, one, 0 * one, (slope,))
    np.testing.assert_array_equal(y, [[-0.5, -0.125, 0, 3]])
    assert "select" not in traced(PORTABLE) and "select" in traced(XLA)

"""The hand-written statistics and activations against autodiff of the plain formulas, in float64."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.net import normalisation
from asc_jax.net.normalisation import elu, moments, prelu, scale_and_activate


@pytest.fixture(autouse=True)
def small_chunks_of_float64(monkeypatch):
    monkeypatch.setattr(normalisation, "CHUNK", 1000)
    with jax.enable_x64(True):
        yield


def batch_norm(activation, x, scale, bias, slopes):
    mean, var = moments(x)
    scale = scale * jax.lax.rsqrt(var + 1e-5)
    return scale_and_activate(activation, x, scale, bias - mean * scale, slopes)


def plain(activation, x, scale, bias, slopes):
    wide = [vector[None, None, None] for vector in (scale, bias, *slopes)]
    return activation(jax.nn.standardize(x, axis=(0, 1, 2), epsilon=1e-5) * wide[0] + wide[1], *wide[2:])


@pytest.mark.parametrize(
    ("ours", "oracle"),
    [(nn.relu, nn.relu), (elu, nn.elu), (prelu, lambda x, slope: jnp.maximum(x, 0) + slope * jnp.minimum(x, 0))],
    ids=["relu", "elu", "prelu"],
)
def test_batch_norm_and_its_gradients_are_autodiffs(ours, oracle):
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(3, 2, (4, 5, 6, 7)))
    scale, bias = jnp.asarray(rng.uniform(0.5, 2, 7)), jnp.asarray(rng.normal(size=7))
    slopes = (jnp.asarray(rng.uniform(0.1, 0.4, 7)),) if ours is prelu else ()
    y, pullback = jax.vjp(lambda *inputs: batch_norm(ours, *inputs), x, scale, bias, slopes)
    expected, expected_pullback = jax.vjp(lambda *inputs: plain(oracle, *inputs), x, scale, bias, slopes)
    np.testing.assert_allclose(y, expected, atol=1e-12)
    cotangent = jnp.asarray(rng.normal(size=x.shape))
    gradients = zip(*map(jax.tree.leaves, (pullback(cotangent), expected_pullback(cotangent))), strict=True)
    for gradient, expected in gradients:
        np.testing.assert_allclose(gradient, expected, atol=1e-11)


@pytest.mark.parametrize("shape", [(3, 7), (2, 11, 13), (4, 5, 6, 1)])
def test_moments_of_any_shape(shape):
    x = np.random.default_rng(0).normal(1e3, 1, shape)
    mean, var = moments(jnp.asarray(x))
    np.testing.assert_allclose(mean, x.reshape(-1, shape[-1]).mean(0))
    np.testing.assert_allclose(var, x.reshape(-1, shape[-1]).var(0))


def test_statistics_of_bfloat16_are_float32():
    x = jnp.asarray(np.random.default_rng(0).normal(3, 2, (4, 50, 7)), jnp.bfloat16)
    mean, var = moments(x)
    assert mean.dtype == var.dtype == jnp.float32
    np.testing.assert_allclose(var, np.asarray(x, np.float64).reshape(-1, 7).var(0), rtol=1e-5)
    assert scale_and_activate(elu, x, var, mean).dtype == jnp.bfloat16

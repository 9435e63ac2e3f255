"""The hand-written derivatives against autodiff of lax's convolutions, in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asc_jax.net.convolution import _grouped, _shifted, pointwise


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def assert_same_with_gradients(ours, oracle, x, kernel):
    y, pullback = jax.vjp(ours, x, kernel)
    expected, expected_pullback = jax.vjp(oracle, x, kernel)
    np.testing.assert_allclose(y, expected, atol=1e-12)
    cotangent = jnp.cos(jnp.arange(y.size, dtype=y.dtype)).reshape(y.shape)
    for gradient, expected in zip(pullback(cotangent), expected_pullback(cotangent), strict=True):
        np.testing.assert_allclose(gradient, expected, atol=1e-12)


@settings(max_examples=8)
@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from((1, 2)), st.integers(0, 2**32 - 1))
def test_depthwise(bands, frames, stride, seed):
    with jax.enable_x64(True):
        rng = np.random.default_rng(seed)
        x, kernel = jnp.asarray(rng.normal(size=(2, bands, frames, 3))), jnp.asarray(rng.normal(size=(3, 3, 3)))
        assert_same_with_gradients(lambda x, k: _shifted(x, k, stride), lambda x, k: _grouped(x, k, stride), x, kernel)


@pytest.mark.parametrize("channels", [2, 7])
def test_pointwise(channels):
    rng = np.random.default_rng(0)
    x, kernel = jnp.asarray(rng.normal(size=(2, 4, 5, 3))), jnp.asarray(rng.normal(size=(3, channels)))
    assert_same_with_gradients(pointwise, lambda x, k: jnp.einsum("bftc,cd->bftd", x, k), x, kernel)

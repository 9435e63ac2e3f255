"""The hand-written derivatives against autodiff of lax's convolutions, in float64."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.net.cpu.convolution import conv3x3, depthwise3x3, pointwise
from asc_jax.net.kernels import XLA


@pytest.fixture(autouse=True)
def float64():
    with jax.enable_x64(True):
        yield


def assert_same_with_gradients(ours, oracle, x, kernel):
    @partial(jax.jit, static_argnums=0)
    def outcome(convolve, x, kernel):
        y, pullback = jax.vjp(convolve, x, kernel)
        return y, *pullback(jnp.cos(jnp.arange(y.size, dtype=y.dtype)).reshape(y.shape))

    for a, b in zip(outcome(ours, x, kernel), outcome(oracle, x, kernel), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("bands", "frames"), [(1, 1), (1, 2), (2, 1), (5, 5), (8, 9), (9, 8)])
def test_depthwise(bands, frames, stride):
    rng = np.random.default_rng(0)
    x, kernel = jnp.asarray(rng.normal(size=(2, bands, frames, 3))), jnp.asarray(rng.normal(size=(3, 3, 3)))
    assert_same_with_gradients(
        lambda x, k: depthwise3x3(x, k, stride), lambda x, k: XLA.depthwise3x3(x, k, stride), x, kernel
    )


@pytest.mark.parametrize("channels", [2, 7])
def test_pointwise(channels):
    rng = np.random.default_rng(0)
    x, kernel = jnp.asarray(rng.normal(size=(2, 4, 5, 3))), jnp.asarray(rng.normal(size=(3, channels)))
    assert_same_with_gradients(pointwise, lambda x, k: jnp.einsum("bftc,cd->bftd", x, k), x, kernel)


def test_conv3x3():
    rng = np.random.default_rng(0)
    x, kernel = jnp.asarray(rng.normal(size=(2, 5, 8, 3))), jnp.asarray(rng.normal(size=(3, 3, 3, 7)))
    assert_same_with_gradients(conv3x3, XLA.conv3x3, x, kernel)

"""Maps computed in chunks, with their moments and gradients, against autodiff of the plain formulas in float64."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.net.affine import affine_activation, elu, prelu
from asc_jax.net.channels import along_channels
from asc_jax.net.cpu import chunked
from asc_jax.net.cpu.convolution import pointwise
from asc_jax.net.cpu.deferred import deferred
from asc_jax.net.kernels import XLA

random = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def small_chunks_of_float64(monkeypatch):
    monkeypatch.setattr(chunked, "CHUNK", 1000)
    with jax.enable_x64(True):
        yield


def centred(x, mean, var):
    return (x - along_channels(x, mean)) * along_channels(x, jax.lax.rsqrt(var + 1e-5))


class Plain:
    """What `Deferred` defers, as an array."""

    def __init__(self, array):
        self.array, self.shape = array, array.shape

    def then(self, function, *parameters, local=True):
        return Plain(function(self.array, *parameters))

    def times(self, kernel):
        return Plain(self.array @ kernel)

    def __add__(self, other):
        return Plain(self.array + other.array)

    def moments(self):
        return self.array.mean((0, 1, 2)), self.array.var((0, 1, 2))

    def store(self):
        return self


def network(x, kernels):
    """Every way to combine maps: stored or not, with neighbours or without, widened, added up."""
    x = x.times(kernels[0])
    normal = x.then(centred, *x.moments())
    x = normal.then(lambda x, kernel: x @ kernel, jnp.eye(5)) + x.store()
    x = x.store()
    normal = x.then(centred, *x.moments())
    y = normal.then(lambda x, kernel: XLA.depthwise3x3(x, kernel, 1), kernels[1], local=False)
    y = y.then(centred, *y.moments()).store()
    total = normal + y.then(jnp.tanh)
    return total.then(centred, *total.moments()).store().array


@pytest.mark.parametrize("shape", [(4, 5, 6, 3), (1, 2, 7, 3), (3, 8, 4, 1)])
def test_chunks_and_their_gradients_are_those_of_the_whole(shape):
    x = jnp.asarray(random.normal(1, 2, shape))
    kernels = jnp.asarray(random.normal(size=(shape[-1], 5))), jnp.asarray(random.normal(size=(3, 3, 5)))

    def of(kind):
        def outcome(x, kernels):
            return jnp.sum(jnp.sin(network(kind(x), kernels)))

        return jax.jit(jax.value_and_grad(outcome, (0, 1)))(x, kernels)

    for ours, plain in zip(*map(jax.tree.leaves, (of(deferred), of(Plain))), strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize(
    ("ours", "oracle"),
    [(nn.relu, nn.relu), (elu, nn.elu), (prelu, lambda x, slope: jnp.maximum(x, 0) + slope * jnp.minimum(x, 0))],
    ids=["relu", "elu", "prelu"],
)
def test_batch_norm_and_its_gradients_are_autodiffs(ours, oracle):
    def batch_norm(x, scale, bias, slopes):
        x = deferred(x)
        mean, var = x.moments()
        scale = scale * jax.lax.rsqrt(var + 1e-5)
        return x.then(partial(affine_activation, ours), scale, bias - mean * scale, slopes).store().array

    def plain(x, scale, bias, slopes):
        wide = [vector[None, None, None] for vector in (scale, bias, *slopes)]
        return oracle(jax.nn.standardize(x, axis=(0, 1, 2), epsilon=1e-5) * wide[0] + wide[1], *wide[2:])

    x = jnp.asarray(random.normal(3, 2, (4, 5, 6, 7)))
    scale, bias = jnp.asarray(random.uniform(0.5, 2, 7)), jnp.asarray(random.normal(size=7))
    slopes = (jnp.asarray(random.uniform(0.1, 0.4, 7)),) if ours is prelu else ()
    y, pullback = jax.vjp(batch_norm, x, scale, bias, slopes)
    expected, expected_pullback = jax.vjp(plain, x, scale, bias, slopes)
    np.testing.assert_allclose(y, expected, atol=1e-12)
    cotangent = jnp.asarray(random.normal(size=x.shape))
    gradients = zip(*map(jax.tree.leaves, (pullback(cotangent), expected_pullback(cotangent))), strict=True)
    for gradient, expected in gradients:
        np.testing.assert_allclose(gradient, expected, atol=1e-11)


def test_what_is_stored_stays_small():
    """The backward pass keeps the maps that were stored, and none of those on the way."""
    x = jnp.zeros((8, 16, 16, 4))
    kernel = jnp.ones((4, 64))

    def outcome(x, kernel):
        y = deferred(x).then(pointwise, kernel).then(jnp.exp).then(jnp.sin).then(pointwise, kernel.T)
        return y.store().array.sum()

    compiled = jax.jit(jax.grad(outcome, 1)).lower(x, kernel).compile()
    assert compiled.memory_analysis().temp_size_in_bytes < 8 * 16 * 16 * 64 * x.dtype.itemsize


@pytest.mark.parametrize("channels", [1, 3])
def test_moments_in_chunks(channels):
    x = random.normal(1e3, 1, (4, 5, 6, channels))
    mean, var = deferred(jnp.asarray(x)).moments()
    np.testing.assert_allclose(mean, x.reshape(-1, channels).mean(0))
    np.testing.assert_allclose(var, x.reshape(-1, channels).var(0))


def test_moments_in_chunks_of_bfloat16_are_float32():
    x = jnp.asarray(random.normal(3, 2, (4, 5, 10, 7)), jnp.bfloat16)
    mean, var = deferred(x).moments()
    assert mean.dtype == var.dtype == jnp.float32
    np.testing.assert_allclose(var, np.asarray(x, np.float64).reshape(-1, 7).var(0), rtol=1e-5)

"""Moments of maps against NumPy's, their derivative against autodiff of the formulas, in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from asc_jax.devices import AXIS, mesh
from asc_jax.net.channels import global_moments, moments, plain_moments

random = np.random.default_rng(0)


def one_pass(x):
    return moments(x, jnp.full(x.shape[-1], 5.0))


each_way = pytest.mark.parametrize("of", [plain_moments, one_pass])


@each_way
@pytest.mark.parametrize("shape", [(3, 7), (2, 11, 13), (4, 5, 6, 1)])
def test_moments_of_any_shape_and_their_gradients(shape, of):
    def plain(x):
        x = x.reshape(-1, shape[-1])
        return x.mean(0), x.var(0)

    with jax.enable_x64(True):
        x = jnp.asarray(random.normal(1e3, 1, shape))
        (mean, var), pullback = jax.vjp(of, x)
        np.testing.assert_allclose(mean, np.asarray(x).reshape(-1, shape[-1]).mean(0))
        np.testing.assert_allclose(var, np.asarray(x).reshape(-1, shape[-1]).var(0))
        cotangents = tuple(jnp.asarray(random.normal(size=shape[-1:])) for _ in range(2))
        np.testing.assert_allclose(pullback(cotangents)[0], jax.vjp(plain, x)[1](cotangents)[0], rtol=1e-9, atol=1e-12)


@each_way
def test_moments_of_bfloat16_are_float32_and_their_gradient_bfloat16(of):
    x = jnp.asarray(random.normal(3, 2, (4, 5, 10, 7)), jnp.bfloat16)
    (mean, var), pullback = jax.vjp(of, x)
    assert mean.dtype == var.dtype == jnp.float32
    np.testing.assert_allclose(var, np.asarray(x, np.float64).reshape(-1, 7).var(0), rtol=1e-5)
    assert pullback((mean, var))[0].dtype == jnp.bfloat16


def test_one_pass_is_as_precise_as_two_where_the_mean_is_nearly_known():
    x = random.normal(1e3, 1, (100, 1000, 2)).astype(np.float32)
    _, var = moments(jnp.asarray(x), jnp.asarray([999.0, 1003.0]))
    np.testing.assert_allclose(var, x.astype(np.float64).var((0, 1)), rtol=1e-4)
    mean, var = moments(jnp.full((10, 3), 7.0), jnp.zeros(3))
    assert (mean == 7).all() and (var == 0).all()


def test_moments_of_two_devices_are_those_of_the_whole():
    """And so are their gradients; the shares' means lie far apart."""
    shared, everywhere = PartitionSpec(AXIS), PartitionSpec()

    def of_shares(x):
        share = jax.shard_map(
            lambda x: global_moments(*one_pass(x), AXIS),
            mesh=mesh(),
            in_specs=shared,
            out_specs=everywhere,
            check_vma=False,
        )
        return share(x)

    with jax.enable_x64(True):
        x = jnp.concatenate([jnp.asarray(random.normal(mean, 1, (3, 5, 7))) for mean in (1e3, -10)])
        results, pullback = jax.vjp(jax.jit(of_shares), x)
        expected, expected_pullback = jax.vjp(plain_moments, x)
        jax.tree.map(np.testing.assert_allclose, results, expected)
        cotangents = tuple(jnp.asarray(random.normal(size=7)) for _ in range(2))
        np.testing.assert_allclose(pullback(cotangents)[0], expected_pullback(cotangents)[0], rtol=1e-9, atol=1e-12)

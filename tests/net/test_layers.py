import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.net.layers import BatchNorm, batch_norm, he_fan_out, prelu, uniform_fan_in

X = jnp.asarray(np.random.default_rng(0).normal(3, 2, (4, 5, 6, 7)), jnp.float32)


def test_batch_norm_is_linens_but_for_the_unbiased_running_variance():
    ours, linen = BatchNorm(train=True), nn.BatchNorm(use_running_average=False, momentum=0.9, epsilon=1e-5)
    y, changed = ours.apply(ours.init(jax.random.key(0), X), X, mutable=["batch_stats"])
    expected, linen_changed = linen.apply(linen.init(jax.random.key(0), X), X, mutable=["batch_stats"])
    np.testing.assert_allclose(y, expected, atol=1e-5)
    mean, var = changed["batch_stats"]["mean"], changed["batch_stats"]["var"]
    np.testing.assert_allclose(mean, linen_changed["batch_stats"]["mean"], rtol=1e-5)
    rows = np.asarray(X, np.float64).reshape(-1, 7)
    np.testing.assert_allclose(var, 0.9 + 0.1 * rows.var(0, ddof=1), rtol=1e-5)


def test_batch_norm_in_evaluation_uses_the_running_statistics():
    variables = {
        "params": {"scale": jnp.full(7, 2.0), "bias": jnp.full(7, 1.0)},
        "batch_stats": {"mean": jnp.full(7, 3.0), "var": jnp.full(7, 4.0)},
    }
    y = BatchNorm(train=False).apply(variables, X)
    np.testing.assert_allclose(y, 2 * (X - 3) / np.sqrt(4 + 1e-5) + 1, rtol=1e-5, atol=1e-5)


def test_prelu():
    y = prelu(X - 3, jnp.arange(7.0))
    np.testing.assert_allclose(y, np.where(X > 3, X - 3, (X - 3) * np.arange(7)[None, None, None]), rtol=1e-6)


@pytest.mark.parametrize("activation", [nn.relu, nn.elu, prelu])
def test_batch_norms_gradients_are_autodiffs(activation):
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        x = jnp.asarray(rng.normal(3, 2, (4, 5, 6, 7)))
        affine = {"scale": jnp.asarray(rng.uniform(0.5, 2, 7)), "bias": jnp.asarray(rng.normal(size=7))}
        slopes = (jnp.asarray(rng.uniform(0.1, 0.4, 7)),) if activation is prelu else ()

        def plain(x, affine, slopes):
            z = jax.nn.standardize(x, axis=(0, 1, 2), epsilon=1e-5)
            z = z * affine["scale"][None, None, None] + affine["bias"][None, None, None]
            return activation(z, *slopes)

        y, pullback = jax.vjp(lambda *inputs: batch_norm(activation, *inputs)[0], x, affine, slopes)
        expected, expected_pullback = jax.vjp(plain, x, affine, slopes)
        np.testing.assert_allclose(y, expected, atol=1e-12)
        cotangent = jnp.asarray(rng.normal(size=x.shape))
        for ours, autodiff in zip(
            jax.tree.leaves(pullback(cotangent)), jax.tree.leaves(expected_pullback(cotangent)), strict=True
        ):
            np.testing.assert_allclose(ours, autodiff, atol=1e-11)


def test_initial_spread():
    he = he_fan_out(9)(jax.random.key(0), (3, 3, 64, 128))
    np.testing.assert_allclose(he.std(), np.sqrt(2 / (9 * 128)), rtol=0.02)
    uniform = uniform_fan_in(16)(jax.random.key(0), (16, 4096))
    assert 0.249 < jnp.abs(uniform).max() <= 0.25
    np.testing.assert_allclose(uniform.std(), 0.25 / np.sqrt(3), rtol=0.02)

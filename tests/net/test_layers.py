import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from asc_jax.net.affine import prelu
from asc_jax.net.layers import BatchNorm, Mode, he_fan_out, he_fan_out_depthwise, uniform_fan_in

X = jnp.asarray(np.random.default_rng(0).normal(3, 2, (4, 5, 6, 7)), jnp.float32)


def test_batch_norm_is_linens_but_for_the_unbiased_running_variance():
    ours, linen = BatchNorm(Mode(train=True)), nn.BatchNorm(use_running_average=False, momentum=0.9, epsilon=1e-5)
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
    y = BatchNorm(Mode()).apply(variables, X)
    np.testing.assert_allclose(y, 2 * (X - 3) / np.sqrt(4 + 1e-5) + 1, rtol=1e-5, atol=1e-5)


def test_prelu():
    y = prelu(X - 3, jnp.arange(7.0)[None, None, None])
    np.testing.assert_allclose(y, np.where(X > 3, X - 3, (X - 3) * np.arange(7)[None, None, None]), rtol=1e-6)


def test_initial_spread():
    for he, shape in ((he_fan_out, (3, 3, 64, 128)), (he_fan_out_depthwise, (3, 3, 128))):
        kernels = [he(jax.random.key(seed), shape) for seed in range(64)]
        np.testing.assert_allclose(np.std(kernels), np.sqrt(2 / (9 * 128)), rtol=0.02)
    uniform = uniform_fan_in(16)(jax.random.key(0), (16, 4096))
    assert 0.249 < jnp.abs(uniform).max() <= 0.25
    np.testing.assert_allclose(uniform.std(), 0.25 / np.sqrt(3), rtol=0.02)

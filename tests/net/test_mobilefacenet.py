import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.net.layers import Mode
from asc_jax.net.mobilefacenet import MobileFaceNet

pytestmark = pytest.mark.usefixtures("quick_to_compile")


def test_the_mean_over_time_is_a_weight_that_all_frames_share():
    maps = jax.random.normal(jax.random.key(1), (2, 16, 8, 2))
    shared, own = (MobileFaceNet(Mode(), mean_over_time=each) for each in (True, False))
    variables = jax.jit(shared.init)(jax.random.key(0), maps)
    kernel = variables["params"]["global_depthwise"]["kernel"]
    assert kernel.shape == (4, 1, 512)
    embedding = jax.jit(shared.apply)(variables, maps)
    variables["params"]["global_depthwise"]["kernel"] = jnp.repeat(kernel / 2, 2, axis=1)  # of two frames
    expected = jax.jit(own.apply)(variables, maps)
    np.testing.assert_allclose(embedding, expected, atol=1e-4 * expected.std())

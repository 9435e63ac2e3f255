import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.config import PAPER, RELEASED
from asc_jax.net.folding import fold
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.step import create_state

pytestmark = pytest.mark.usefixtures("quick_to_compile")


def trained(net, audio):
    """Variables whose running statistics and affine parameters are those of no fresh network."""
    variables = create_state(net, audio.shape[1], jax.random.key(0)).variables
    random = np.random.default_rng(0)

    def change(path, leaf):
        if path[-1].key in ("kernel", "directions"):
            return leaf
        return np.asarray(leaf) * random.uniform(0.8, 1.2, leaf.shape).astype(leaf.dtype) + np.float32(0.1)

    return jax.tree_util.tree_map_with_path(change, variables)


@pytest.mark.parametrize("network", [RELEASED, PAPER], ids=["released", "paper"])
def test_the_folded_network_predicts_the_same(network):
    net = SceneNet(3, network)
    audio = jnp.asarray(np.random.default_rng(1).normal(0, 0.1, (3, 16_000)), jnp.float32)
    variables = trained(net, audio)
    folded = jax.jit(fold)(variables)
    expected, ours = jax.jit(net.apply)(variables, audio), jax.jit(net.clone(folded=True).apply)(folded, audio)
    np.testing.assert_allclose(ours.cosine, expected.cosine, atol=2e-5)
    np.testing.assert_allclose(ours.attention, expected.attention, atol=2e-5)
    # what is left to normalise follows an activation, or the 1x1 depthwise convolution that is one number a channel
    left = [path[-2].key for path, _ in jax.tree_util.tree_leaves_with_path(folded["batch_stats"])]
    assert set(left) <= {"norm_16", "norm_64", "depthwise_norm"} and len(left) == (4 if network is PAPER else 6)
    assert expected.cosine.std() > 0.01

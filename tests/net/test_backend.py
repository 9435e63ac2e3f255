"""Both ways of computing a layer, by hand and left to XLA, in training and with their gradients."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.net.attention import Attention
from asc_jax.net.backend import by_hand, written_by_hand
from asc_jax.net.layers import BatchNorm
from asc_jax.net.maps import later
from asc_jax.net.mobilefacenet import Bottleneck, Stem
from asc_jax.net.normalisation import prelu


def test_the_choice_is_taken_back():
    with pytest.raises(ZeroDivisionError), written_by_hand(False):
        assert not by_hand()
        raise ZeroDivisionError
    assert by_hand() == (jax.default_backend() == "cpu")


def bottleneck(features, stride):
    """A bottleneck as a layer from array to array."""

    class Layer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return Bottleneck(features, 2, stride, True)(later(x, True)).value

    return Layer()


def stem():
    class Layer(nn.Module):
        @nn.compact
        def __call__(self, x):
            return BatchNorm(True, prelu)(Stem(6)(later(x, True)).store()).value

    return Layer()


LAYERS = {
    "halving": bottleneck(6, 2),
    "residual": bottleneck(4, 1),
    "stem": stem(),
    "attention": Attention(False, True),
}


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_by_hand_and_by_xla_agree(layer):
    with jax.enable_x64(True):
        x = jnp.asarray(np.random.default_rng(0).normal(size=(3, 8, 9, 4)))
        variables = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), layer.init(jax.random.key(0), x))

        def outcome(params, x):
            y, changed = layer.apply(variables | {"params": params}, x, mutable=["batch_stats"])
            return jnp.sum(jnp.sin(y)), changed

        def gradients(hand):
            with written_by_hand(hand):
                return jax.jit(jax.value_and_grad(lambda *inputs: outcome(*inputs), (0, 1), has_aux=True))(
                    variables["params"], x
                )

        ours, plain = (jax.tree.leaves(gradients(hand)) for hand in (True, False))
        for a, b in zip(ours, plain, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)

import jax
import jax.numpy as jnp
import pytest

from asc_jax.config import PAPER, RELEASED
from asc_jax.net.scenenet import SceneNet


def parameters(network, samples=160_000):
    net = SceneNet(10, network)
    return jax.eval_shape(lambda: net.init(jax.random.key(0), jnp.zeros((1, samples))))["params"]


def count(tree):
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def test_released_has_the_published_number_of_parameters():
    params = parameters(RELEASED)
    assert count(params) == 875_119
    assert count(params) - count(params["head"]) == 873_839
    assert count(params["attention"]) == 1_964
    assert count(params["wavegram"]) == 1_539


def test_paper_has_128_filters_and_a_plain_projection():
    params = parameters(PAPER)
    assert count(params["wavegram"]) == 128 * 1024 + 128 + 2 * 128  # taps, biases, BatchNorm
    assert count(params["attention"]["projection"]) == 64 * 2 + 2


@pytest.mark.parametrize(("samples", "frames"), [(16_000, 32), (31_999, 63), (160_000, 313), (480_000, 938)])
def test_clip_length_sets_the_frames(samples, frames):
    net = SceneNet(7)
    audio = jax.ShapeDtypeStruct((2, samples), jnp.float32)
    variables = jax.eval_shape(net.init, jax.random.key(0), audio)
    outputs = jax.eval_shape(net.apply, variables, audio)
    assert outputs.cosine.shape == (2, 7)
    assert outputs.features.shape == outputs.attention.shape == (2, 128, frames, 2)


def test_the_front_end_alone_multiplies_at_the_highest_precision():
    net = SceneNet(3)
    audio = jax.ShapeDtypeStruct((2, 16_000), jnp.float32)
    variables = jax.eval_shape(net.init, jax.random.key(0), audio)
    with jax.default_matmul_precision("default"):
        program = jax.jit(net.apply).lower(variables, audio).as_text()
    products = [line for line in program.splitlines() if "stablehlo.dot_general" in line]
    highest = [number for number, line in enumerate(products) if "HIGHEST" in line]
    assert highest == [0, 1, 2]  # mel filters, the Wavegram's filter and its spread

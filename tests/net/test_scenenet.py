from dataclasses import asdict

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.config import PAPER, RELEASED
from asc_jax.net.scenenet import SceneNet, to_waveform
from asc_jax.train.step import create_state, loss


def parameters(network, samples=160_000):
    net = SceneNet(10, **asdict(network))
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


def test_the_mean_over_time_is_a_weight_that_all_moments_share():
    net, audio = SceneNet(4, mean_over_time=True), 0.1 * jax.random.normal(jax.random.key(1), (2, 16_000))
    variables = jax.jit(net.init)(jax.random.key(0), audio)
    kernel = variables["params"]["trunk"]["global_depthwise"]["kernel"]
    assert kernel.shape == (8, 1, 512)
    outputs = jax.jit(net.apply)(variables, audio)
    variables["params"]["trunk"]["global_depthwise"]["kernel"] = jnp.repeat(kernel / 2, 2, axis=1)  # of two moments
    expected = jax.jit(SceneNet(4).apply)(variables, audio)
    np.testing.assert_allclose(outputs.embedding, expected.embedding, atol=1e-5)


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


@pytest.mark.long
@pytest.mark.parametrize("network", [RELEASED, PAPER], ids=["released", "paper"])
def test_degenerate_clips_give_finite_outputs_and_gradients(network):
    net = SceneNet(10, **asdict(network))
    audio = np.zeros((6, 16_000), np.int16)  # the first stays silent
    audio[1] = 12_345
    audio[2] = np.where(np.sin(np.arange(16_000) / 7) > 0, 32_767, -32_768)  # clipped throughout
    audio[3, 8_000] = 32_767
    audio[4, 0] = 1
    audio[5] = np.random.default_rng(0).integers(-32_768, 32_768, 16_000)
    state = create_state(net, 16_000, jax.random.key(0))
    outputs = jax.jit(net.apply)(state.variables, to_waveform(audio))
    assert all(np.isfinite(each).all() for each in outputs)
    low = 0 if network.plain_projection else 0.5  # the released map comes from a ReLU
    assert (outputs.attention >= low).all() and (outputs.attention <= 1).all()
    batch = {"audio": audio, "label": np.arange(6), "weight": np.ones(6, np.float32)}
    gradients, (batch_stats, _) = jax.jit(jax.grad(loss, has_aux=True), static_argnums=2)(
        state.params, state.batch_stats, net, batch
    )
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((gradients, batch_stats)))

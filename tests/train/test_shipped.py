import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.cli import experiments
from asc_jax.data.synthesiser import sounds
from asc_jax.errors import UserError
from asc_jax.net.arcface import unit
from asc_jax.net.options import Network
from asc_jax.net.scenenet import SceneNet, outputs_of
from asc_jax.train.shipped import read, shipped, write
from asc_jax.train.step import create_state

NETWORK = experiments()["few_labels"].network
NET = SceneNet(3, NETWORK)


@pytest.fixture(scope="module")
def fresh():
    return create_state(NET, 16_000, jax.random.key(0)).variables


def test_all_but_the_head_comes_along(fresh):
    expected = {**fresh, "params": {name: value for name, value in fresh["params"].items() if name != "head"}}
    found = shipped(NETWORK)
    assert jax.tree.map(np.shape, found) == jax.tree.map(np.shape, expected)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found))


def test_it_finds_pairs_among_sounds_that_it_was_not_trained_on(fresh):
    waveform = jax.jit(sounds, static_argnums=2)(jnp.arange(64, dtype=jnp.uint32), np.uint32(2026), 16_000)
    embed = jax.jit(lambda variables, waveform: unit(outputs_of(NET, variables, waveform).embedding))

    def found(variables):
        embedding = embed(variables, waveform)
        cosine = embedding @ embedding.T - 2 * jnp.eye(64)
        return np.mean(cosine.argmax(1) == jnp.arange(64) ^ 1)

    trained = shipped(NETWORK)
    trained["params"]["head"] = fresh["params"]["head"]
    assert found(trained) > max(0.5, found(fresh) + 0.2)


def test_weights_come_back_in_half_precision(fresh, tmp_path):
    write(tmp_path / "weights.npz", NETWORK, fresh)
    kept = read(tmp_path / "weights.npz", NETWORK)
    assert "head" not in kept["params"]
    for name, part in kept["params"].items():
        jax.tree.map(lambda a, b: np.testing.assert_array_equal(np.float16(a), b), fresh["params"][name], part)


@pytest.mark.parametrize("change", [{"wavegram_filters": 128}, {"mean_over_time": False}, {"width": 0.5}])
def test_another_network_is_refused_by_its_option(change):
    with pytest.raises(UserError, match=f"{next(iter(change)).replace('_', '-')} "):
        shipped(dataclasses.replace(NETWORK, **change))
    assert shipped(dataclasses.replace(NETWORK, bfloat16=True))  # computes in another precision, with the same weights
    with pytest.raises(UserError, match="residual-normalisation 0.3, mean-over-time True"):
        shipped(Network())

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec
from scipy.special import logsumexp

from asc_jax.config import Phase, Synthesis
from asc_jax.devices import AXIS, mesh, on_every_device
from asc_jax.net.options import Network
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.contrastive import nt_xent, numbers, partners
from asc_jax.train.step import create_state, training_step

pytestmark = pytest.mark.usefixtures("quickest_to_compile")
TEMPERATURE = 0.2


def over_devices(function, *arguments):
    shared = jax.shard_map(
        function, mesh=mesh(), in_specs=PartitionSpec(AXIS), out_specs=PartitionSpec(AXIS), check_vma=False
    )
    return jax.jit(shared)(*arguments)


@pytest.fixture
def embedding():
    return np.random.default_rng(0).normal(0, 1, (8, 5)).astype(np.float32)


def plain_nt_xent(embedding):
    """The loss of every sound and whether its partner is nearest, by the formula."""
    unit = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    cosine = unit.astype(np.float64) @ unit.T
    losses, right = [], []
    for own, row in enumerate(cosine):
        others = np.arange(8) != own
        losses.append(logsumexp(row[others] / TEMPERATURE) - row[own ^ 1] / TEMPERATURE)
        right.append(np.where(others, row, -2).argmax() == own ^ 1)
    return np.array(losses), np.array(right)


def test_the_loss_by_its_formula_over_devices(embedding):
    assert jax.device_count() == 2

    def of_share(share):
        value, cosine = nt_xent(share, TEMPERATURE)
        return value[None], cosine.argmax(1) == partners(len(share))

    value, right = over_devices(of_share, embedding)
    losses, plainly_right = plain_nt_xent(embedding)
    np.testing.assert_allclose(value, losses.reshape(2, 4).mean(1), rtol=1e-5)
    np.testing.assert_array_equal(right, plainly_right)


def test_the_gradient_over_devices_is_that_of_the_whole(embedding):
    shared = over_devices(lambda share: jax.grad(lambda x: nt_xent(x, TEMPERATURE)[0])(share) / 2, embedding)
    step = 1e-3
    for place in ((0, 0), (3, 4), (6, 2)):
        up, down = embedding.copy(), embedding.copy()
        up[place] += step
        down[place] -= step
        numeric = (plain_nt_xent(up)[0].mean() - plain_nt_xent(down)[0].mean()) / (2 * step)
        np.testing.assert_allclose(shared[place], numeric, rtol=1e-2, atol=1e-5)


def test_no_sound_comes_twice():
    of_step = partial(over_devices, lambda step: numbers(step[0], 4))
    first, second = (np.asarray(of_step(jnp.full(2, step))) for step in (0, 1))
    assert first.tolist() == list(range(8)) and second.tolist() == list(range(8, 16))


def test_training_finds_partners():
    """On sounds of 0.25 s, 4 pairs a step: the loss falls below what chance gives."""
    net = SceneNet(3, Network(residual_normalisation=0.3, mean_over_time=True))
    synthesis = Synthesis(steps=30, pairs=4, seconds=0.25)
    state = on_every_device(create_state(net, 4000, jax.random.key(0)))
    step = training_step(net, Phase(), synthesis=synthesis)
    losses = []
    for _ in range(30):
        state, metrics = step(state, {}, 2e-3, np.uint32(0))
        losses.append(float(metrics["loss"]))
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.2 and np.isfinite(losses).all()

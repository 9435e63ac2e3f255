import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.config import PAPER, RELEASED
from asc_jax.net.arcface import unit
from asc_jax.net.ensemble import Ensemble, for_each_network, in_float32, member, network_of
from asc_jax.net.folding import fold
from asc_jax.net.options import Network
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.step import create_state

pytestmark = pytest.mark.usefixtures("quickest_to_compile")
NETWORKS = (RELEASED, PAPER)


@pytest.fixture(scope="module")
def members(quickest_to_compile):
    return [create_state(SceneNet(3, each), 8000, jax.random.key(n)).variables for n, each in enumerate(NETWORKS)]


@pytest.fixture(scope="module")
def variables(members):
    kinds = ("params", "batch_stats")
    return {kind: {member(number): each[kind] for number, each in enumerate(members)} for kind in kinds}


def test_cosines_are_averaged_and_embeddings_stand_beside_each_other(members, variables):
    waveform = jnp.asarray(np.random.default_rng(0).normal(0, 0.1, (2, 8000)), jnp.float32)
    each = [SceneNet(3, network).apply(of, waveform) for network, of in zip(NETWORKS, members, strict=True)]
    for net, of in ((network_of(3, NETWORKS), variables), (Ensemble(3, NETWORKS, folded=True), fold(variables))):
        outputs = net.apply(of, waveform)
        np.testing.assert_allclose(outputs.cosine, (each[0].cosine + each[1].cosine) / 2, atol=1e-5)
        beside = np.concatenate([unit(one.embedding) for one in each], 1)
        np.testing.assert_allclose(outputs.embedding, beside, atol=1e-5)
        np.testing.assert_allclose(outputs.features, each[0].features, atol=1e-4)


def test_one_network_is_no_ensemble():
    assert network_of(3, [PAPER]) == SceneNet(3, PAPER)
    assert for_each_network(SceneNet(3), {"scale": 1}) == {"scale": 1}
    assert for_each_network(Ensemble(3, NETWORKS), {"scale": 1}) == {"member_0": {"scale": 1}, "member_1": {"scale": 1}}


def test_none_of_its_networks_computes_in_bfloat16():
    half = Network(bfloat16=True)
    assert in_float32(Ensemble(3, (half, PAPER), folded=True)) == Ensemble(3, (RELEASED, PAPER), folded=True)
    assert in_float32(SceneNet(3, half)) == SceneNet(3)

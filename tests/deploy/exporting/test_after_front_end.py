import jax
import numpy as np
import pytest
from extras import needs

from asc_jax.deploy.classifier import folded
from asc_jax.deploy.exporting import after_front_end, micro
from asc_jax.deploy.exporting.savedmodel import tensorflow
from asc_jax.net import mobilefacenet
from asc_jax.net.options import Network
from asc_jax.net.scenenet import SceneNet, outputs_of, to_waveform

pytestmark = needs("tflite", "tensorflow")
SMALL = Network(width=0.25, depth=1, bands=64, residual_normalisation=0.3, mean_over_time=True)
OTHER = Network(width=0.25, bands=64, plain_projection=True)
SHORT = Network(width=0.25, bands=64)


def varied(variables):
    """The same with other statistics, scales, shifts and slopes than those that a network begins with."""
    random = np.random.default_rng(0)
    return jax.tree.map(
        lambda leaf: (
            leaf * random.uniform(0.7, 1.3, leaf.shape).astype(np.float32)
            + (0.1 * random.uniform(size=leaf.shape).astype(np.float32) if leaf.ndim == 1 else 0)
        ),
        variables,
    )


@pytest.mark.parametrize(("network", "stages"), [(SMALL, 3), (OTHER, 3), (SHORT, 1)])
def test_it_is_the_network_after_the_front_end(network, stages, clips, monkeypatch):
    monkeypatch.setattr(mobilefacenet, "BOTTLENECKS", mobilefacenet.BOTTLENECKS[:stages])
    net, waveform = SceneNet(3, network), np.asarray(to_waveform(clips[:2]))
    variables = varied(jax.jit(SceneNet(3, network, "xla").init)(jax.random.key(0), waveform[:1]))
    model = folded(net, ("a", "b", "c"), variables, waveform.shape[1], 1)
    maps = micro.features_of(model)(waveform)
    function = after_front_end.tensorflow_function(tensorflow("tflite"), model, maps.shape[1:3])
    expected = jax.jit(lambda variables: outputs_of(net, variables, waveform).cosine)(variables)
    found = np.concatenate([function(each[None]) for each in maps])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    assert np.ptp(expected) > 0.01

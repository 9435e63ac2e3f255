import numpy as np
import pytest
from extras import needs
from networks import model_of

from asc_jax.deploy.exporting import after_front_end, micro
from asc_jax.deploy.exporting.savedmodel import tensorflow
from asc_jax.net import mobilefacenet
from asc_jax.net.options import Network
from asc_jax.net.scenenet import to_waveform

pytestmark = needs("tflite", "tensorflow")
SMALL = Network(width=0.25, depth=1, bands=64, residual_normalisation=0.3, mean_over_time=True)
OTHER = Network(width=0.25, bands=64, plain_projection=True)
SHORT = Network(width=0.25, bands=64)


@pytest.mark.parametrize(("network", "stages"), [(SMALL, 3), (OTHER, 3), (SHORT, 1)])
def test_it_is_the_network_after_the_front_end(network, stages, clips, monkeypatch):
    monkeypatch.setattr(mobilefacenet, "BOTTLENECKS", mobilefacenet.BOTTLENECKS[:stages])
    waveform = np.asarray(to_waveform(clips[:2]))
    model = model_of(network, waveform)
    maps = micro.features_of(model)(waveform)
    function = after_front_end.tensorflow_function(tensorflow("tflite"), model, maps.shape[1:3])
    expected = np.stack([model(clip, 16_000).cosine for clip in waveform])
    found = np.concatenate([function(each[None]) for each in maps])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    assert np.ptp(expected) > 0.01

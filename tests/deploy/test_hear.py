"""The properties that HEAR's validator checks, and that its embeddings are those of the windows they should be of."""

import importlib
import sys
from dataclasses import replace

import jax
import numpy as np
import pytest
from extras import needs

from asc_jax.deploy import hear
from asc_jax.deploy.classifier import folded
from asc_jax.errors import UserError
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.step import create_state

pytestmark = pytest.mark.usefixtures("quickest_to_compile")


@pytest.fixture(scope="module")
def variables(quickest_to_compile):
    """Random numbers; to initialise a network takes 10 s."""
    shapes = jax.eval_shape(lambda: create_state(SceneNet(3), 4000, jax.random.key(0))).variables
    rng = np.random.default_rng(0)
    return jax.tree.map(lambda leaf: rng.uniform(0.1, 0.3, leaf.shape).astype(np.float32) - 0.1, shapes)


@pytest.fixture(scope="module")
def classifier(variables):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hear, "load", lambda run, batch: folded(SceneNet(3), ("a", "b", "c"), variables, 4000, batch))
        return hear.headless("run", batch=8)


@pytest.fixture(scope="module")
def audio():
    """Two sounds of three windows and a half, float32 as the benchmark's."""
    return np.random.default_rng(0).uniform(-1, 1, (2, 14_000)).astype(np.float32)


def test_scenes_have_the_mean_of_their_windows(classifier, audio):
    found = hear.scene_embeddings(audio, classifier)
    assert found.shape == (2, 512) and found.dtype == np.float32
    windows = [audio[:, start : start + 4000] for start in (0, 4000, 8000, 10_000)]
    expected = np.mean([hear.scene_embeddings(window, classifier) for window in windows], 0)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert np.isfinite(hear.scene_embeddings(np.zeros((1, 100), np.float32), classifier)).all()  # short, and silent


def test_timestamps_have_the_window_around_them(classifier, audio):
    found, timestamps = hear.timestamp_embeddings(audio, classifier)
    assert found.shape == (2, 18, 512) and found.dtype == np.float32
    np.testing.assert_array_equal(timestamps, [50 * np.arange(18)] * 2)
    for number in (3, 8, 14):
        start = 800 * number - 2000
        expected = hear.scene_embeddings(audio[:, start : start + 4000], classifier)
        np.testing.assert_allclose(found[:, number], expected, atol=1e-4)


def test_the_features_are_those_before_the_embedding(classifier):
    """The network's last layers make its embedding of them."""
    clip = np.random.default_rng(1).integers(-9000, 9000, 4000, np.int16)
    trunk = jax.device_get(classifier.variables["params"]["trunk"])
    embedding = classifier.compute([clip])[1] @ trunk["embedding"]["kernel"] + trunk["embedding_norm"]["bias"]
    expected = replace(classifier, net=classifier.net.net).compute([clip])[1]
    np.testing.assert_allclose(embedding, expected, rtol=1e-3, atol=1e-4)


def test_without_a_run_the_weights_are_the_shipped_ones(variables, monkeypatch):
    monkeypatch.setattr(hear.shipped, "shipped", lambda network: variables)
    model = hear.headless()
    assert model.samples == 32_000 and model.net.net.network.mean_over_time and hear.size(model) == 512


@pytest.mark.parametrize("name", [pytest.param("torch", marks=needs("torch", "torch"))])
def test_the_interface_takes_and_returns_tensors(name, classifier, audio, monkeypatch):
    torch = importlib.import_module(name)
    monkeypatch.setattr(hear, "headless", lambda run: classifier)
    model = hear.load_model("run")
    assert isinstance(model, torch.nn.Module) and model.sample_rate == 16_000
    assert type(model.scene_embedding_size) is type(model.timestamp_embedding_size) is int
    scenes = hear.get_scene_embeddings(torch.tensor(audio), model)
    assert scenes.dtype == torch.float32 and scenes.shape == (2, model.scene_embedding_size)
    embeddings, timestamps = hear.get_timestamp_embeddings(torch.tensor(audio), model)
    assert embeddings.dtype == torch.float32 and timestamps.shape == (2, 18)
    assert embeddings.shape == (2, 18, model.timestamp_embedding_size)


def test_without_torch_the_extra_is_named(classifier, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UserError, match=r"HEAR's tensors need torch; .*pip install -e '.\[torch\]'"):
        hear.load_model()

"""The interface of the HEAR benchmark (https://hearbenchmark.com/hear-api.html), for torch tensors.

Embeddings are the network's 512 features before its own embedding of 128. A scene's is the mean over windows of the
length that the network was trained on; that of a timestamp is of the window around it.
"""

import json
from dataclasses import dataclass, replace
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from asc_jax.deploy.classifier import Classifier, folded, load
from asc_jax.deploy.weights import pytorch
from asc_jax.deploy.windows import windows
from asc_jax.net.ensemble import settings_of
from asc_jax.net.frontend import RATE
from asc_jax.net.layers import scaled
from asc_jax.net.mobilefacenet import EMBEDDING, FEATURES
from asc_jax.net.options import Network
from asc_jax.net.scenenet import Outputs, SceneNet
from asc_jax.train import shipped
from data_prep.samples import to_int16

SHIPPED_SECONDS = 2.0  # of the sounds on which the shipped weights were trained
HOP = RATE // 20  # samples from one timestamp to the next: 50 ms, the longest that the benchmark suggests
BATCH = 32  # windows at once


@dataclass(frozen=True)
class Headless:
    """A network as `predictor` takes it, whose embedding is the features before it, [B, 512] a network."""

    net: Any

    def clone(self, **changes: Any) -> "Headless":
        return replace(self, net=self.net.clone(**changes))

    def apply(self, variables: Any, waveform: jax.Array) -> Outputs:
        outputs, found = self.net.apply(variables, waveform, capture_intermediates=_is_last, mutable=["intermediates"])
        return outputs._replace(embedding=jnp.concatenate(jax.tree.leaves(found), -1))


def _is_last(module: Any, method: str) -> bool:
    return module.name == "global_depthwise_norm" and method == "__call__"


def load_model(model_file_path: str = "") -> Any:
    """A torch.nn.Module of a run's folder, or of the shipped weights where there is no path."""
    model = pytorch("HEAR's tensors").nn.Module()
    model.classifier = headless(model_file_path)
    model.sample_rate = RATE
    model.scene_embedding_size = model.timestamp_embedding_size = size(model.classifier)
    return model


def get_scene_embeddings(audio: Any, model: Any) -> Any:
    """Tensor [sounds, samples] in [-1, 1] -> float32 [sounds, 512]."""
    return _tensor(scene_embeddings(_array(audio), model.classifier), audio)


def get_timestamp_embeddings(audio: Any, model: Any) -> tuple[Any, Any]:
    """Tensor [sounds, samples] in [-1, 1] -> (float32 [sounds, timestamps, 512], milliseconds [sounds, timestamps])."""
    embeddings, timestamps = timestamp_embeddings(_array(audio), model.classifier)
    return _tensor(embeddings, audio), _tensor(timestamps, audio)


def _array(audio: Any) -> np.ndarray:
    return audio.detach().cpu().numpy()


def _tensor(array: np.ndarray, like: Any) -> Any:
    return pytorch("HEAR's tensors").from_numpy(array).to(like.device)


def headless(run: str = "", batch: int = BATCH) -> Classifier:
    """The network of a run, or of the shipped weights, whose embeddings are the features before them."""
    classifier = load(run, batch) if run else _shipped(batch)
    return replace(classifier, net=cast(Any, Headless(classifier.net)))


def _shipped(batch: int) -> Classifier:
    with np.load(shipped.FILE) as kept:
        network = Network(**json.loads(str(kept[shipped.NETWORK])))
    variables = shipped.shipped(network)
    variables["params"]["head"] = {"directions": np.zeros((1, EMBEDDING), np.float32)}  # the features need none
    return folded(SceneNet(1, network), ("",), variables, round(SHIPPED_SECONDS * RATE), batch)


def size(classifier: Classifier) -> int:
    """The length of an embedding: as released 512, for each network of an ensemble."""
    return sum(scaled(FEATURES, network.width) for network in settings_of(cast(Headless, classifier.net).net))


def scene_embeddings(audio: np.ndarray, classifier: Classifier) -> np.ndarray:
    """Float [sounds, samples] -> float32 [sounds, 512]: the mean over windows, one after the other."""
    clips = [clip for sound in audio for _, clip in windows([sound], classifier.samples, classifier.samples)]
    features = _features(clips, classifier)
    return features.reshape(len(audio), -1, features.shape[-1]).mean(1)


def timestamp_embeddings(audio: np.ndarray, classifier: Classifier) -> tuple[np.ndarray, np.ndarray]:
    """Float [sounds, samples] -> (float32 [sounds, timestamps, 512], float32 [sounds, timestamps] in milliseconds).

    The window of a timestamp is centred at it; beyond the ends the sound is mirrored.
    """
    samples, timestamps = classifier.samples, np.arange(0, audio.shape[1] + 1, HOP)
    around = samples // 2, samples - samples // 2
    padded = [np.pad(sound, around, "reflect") for sound in to_int16(audio)]
    clips = [sound[start : start + samples] for sound in padded for start in timestamps]
    milliseconds = np.float32(1000 / RATE * timestamps)
    return _features(clips, classifier).reshape(len(audio), len(timestamps), -1), np.tile(milliseconds, (len(audio), 1))


def _features(clips: list[np.ndarray], classifier: Classifier) -> np.ndarray:
    """int16 [samples] each -> float32 [M, 512]."""
    starts = range(0, len(clips), classifier.batch)
    return np.concatenate([classifier.compute(np.stack(clips[at : at + classifier.batch]))[1] for at in starts])

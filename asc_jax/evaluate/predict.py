"""A network's predictions for all clips of a split, kept as a table from which all scores are computed."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
import pandas
from jax.experimental.multihost_utils import process_allgather
from jax.sharding import Mesh, PartitionSpec
from scipy.special import softmax

from asc_jax.data.batches import evaluation_batches
from asc_jax.data.records import Clips
from asc_jax.devices import AXIS, can_share, compiler_options, on_every_device, platform, shard_batch
from asc_jax.devices import mesh as all_devices
from asc_jax.evaluate.calibration import NOT_CALIBRATED, Calibration
from asc_jax.net.ensemble import Net
from asc_jax.net.folding import fold
from asc_jax.net.scenenet import outputs_of, to_waveform
from asc_jax.typed import AnyPath, Jitted, cached, jitted

DETAILS = ("id", "device", "city", "session")


@dataclass(frozen=True)
class Predictions:
    """M clips: cosine [M, scenes], true scene [M] (-1 unknown), and per clip its id, device, city and session."""

    scenes: tuple[str, ...]
    cosine: np.ndarray
    truth: np.ndarray
    details: dict[str, list[str]]
    calibration: Calibration = NOT_CALIBRATED

    @property
    def label(self) -> np.ndarray:
        return self.cosine.argmax(1)

    @property
    def probability(self) -> np.ndarray:
        """The probability of every scene [M, scenes], as the calibration has it."""
        return self.calibration.probabilities(self.cosine)

    @property
    def confidence(self) -> np.ndarray:
        """The probability of the predicted scene [M]."""
        return self.calibration.confidence(self.cosine)

    @property
    def released_confidence(self) -> np.ndarray:
        """The largest softmax of the unscaled cosines [M], about 0.25 for a certain clip: it weights pseudo-labels."""
        return softmax(self.cosine.astype(np.float64), axis=1).max(1)

    def subset(self, chosen: np.ndarray) -> "Predictions":
        """The clips that a bool [M] or their numbers choose."""
        details = {name: np.array(values, object)[chosen].tolist() for name, values in self.details.items()}
        return replace(self, cosine=self.cosine[chosen], truth=self.truth[chosen], details=details)


def joined(predictions: Sequence[Predictions]) -> Predictions:
    """The predictions of different clips by networks of the same scenes, one after the other, not calibrated."""
    first = predictions[0]
    details = {name: [value for each in predictions for value in each.details[name]] for name in first.details}
    cosine, truth = (np.concatenate([getattr(each, name) for each in predictions]) for name in ("cosine", "truth"))
    return Predictions(first.scenes, cosine, truth, details)


@dataclass(frozen=True)
class Intermediates:
    """Intermediates: embeddings [M, 128] of the clips, and of the first clip both features and their attention
    [F, T, 2]."""

    embedding: np.ndarray
    features: np.ndarray
    attention: np.ndarray


Predictor = Jitted[[Any, np.ndarray | jax.Array], tuple[jax.Array, jax.Array]]


def predictor(net: Net, clips: int, mesh: Mesh | None = None) -> Predictor:
    """The compiled predict(variables, audio int16 [clips, N]) -> (cosine [clips, scenes], embedding [clips, 128]).

    The devices of the mesh, by default all, share the clips, if they can do so evenly; all variables are on each.
    """
    return _predictor(net, clips, mesh or all_devices())


@cached
def _predictor(net: Net, clips: int, mesh: Mesh) -> Predictor:
    net = net.clone(backend=platform(mesh))

    def of_batch(variables: Any, audio: np.ndarray | jax.Array, /) -> tuple[jax.Array, jax.Array]:
        outputs = outputs_of(net, variables, to_waveform(audio))
        return outputs.cosine, outputs.embedding

    def clip_by_clip(variables: Any, audio: np.ndarray | jax.Array, /) -> tuple[jax.Array, jax.Array]:
        # so that a clip's maps stay in the cache
        outputs = jax.lax.map(lambda clip: of_batch(variables, clip[None]), audio)
        return jax.tree.map(lambda x: x[:, 0], outputs)

    predict = clip_by_clip if platform(mesh) == "cpu" else of_batch
    if clips % mesh.size:
        return jitted(predict, compiler_options=compiler_options(platform(mesh), sharing=False))
    ours = PartitionSpec(AXIS)
    predict = jax.shard_map(predict, mesh=mesh, in_specs=(PartitionSpec(), ours), out_specs=ours, check_vma=False)
    options = compiler_options(platform(mesh), sharing=len(mesh.local_devices) > 1)
    return jitted(predict, compiler_options=options)


def _seen(variables: Any, clip: np.ndarray, *, net: Net) -> tuple[jax.Array, jax.Array]:
    """int16 audio [N] -> (features, attention), both [F, T, 2]."""
    outputs = outputs_of(net, variables, to_waveform(clip[None]))
    return outputs.features[0], outputs.attention[0]


seen = jitted(_seen, static_argnames="net")


def compute(net: Net, variables, clips: Clips, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """(cosine [M, scenes], embedding [M, 128]) of every clip, in order and in evaluation mode, without margin.

    `variables` are {params, batch_stats}. All processes take part, and all get everything.
    """
    return _compute(*_folded(net, variables), clips, batch_size)


def _folded(net: Net, variables: Any) -> tuple[Net, Any]:
    return net.clone(folded=True), jitted(fold)(on_every_device(variables))


def _compute(net: Net, variables: Any, clips: Clips, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    batches = []
    for audio in evaluation_batches(clips, batch_size, jax.process_index(), jax.process_count()):
        audio = shard_batch({"audio": audio})["audio"] if can_share(batch_size) else audio
        batches.append(process_allgather(predictor(net, batch_size)(variables, audio), tiled=True))
    cosine, embedding = (np.concatenate(each)[: len(clips)] for each in zip(*batches, strict=True))
    return cosine, embedding


def predict(net: Net, variables, clips: Clips, batch_size: int) -> tuple[Predictions, Intermediates]:
    """What `compute` finds for every clip, and the features and attention of the first."""
    net, variables = _folded(net, variables)
    cosine, embedding = _compute(net, variables, clips, batch_size)
    first = jax.device_get(seen(variables, clips.audio([0])[0], net=net))
    details = {name: clips.column(name) for name in DETAILS}
    return Predictions(clips.scenes, cosine, clips.class_ids("truth"), details), Intermediates(embedding, *first)


def write_intermediates(file: AnyPath, intermediates: Intermediates) -> None:
    """Keeps it as float16 in an npz file."""
    with file.open("wb") as handle:
        np.savez_compressed(handle, **{name: value.astype(np.float16) for name, value in vars(intermediates).items()})


def read_intermediates(file: AnyPath) -> Intermediates:
    """What `write_intermediates` kept, as float32."""
    with file.open("rb") as handle, np.load(handle) as kept:
        return Intermediates(**{name: kept[name].astype(np.float32) for name in kept.files})


def to_csv(predictions: Predictions) -> str:
    """One row a clip: id, device, city, session, truth, scene, confidence and the cosine to every scene."""
    names = np.array([*predictions.scenes, ""], object)  # -1, an unknown truth, is the last
    cosines = (f"cosine {scene}" for scene in predictions.scenes)
    table = pandas.DataFrame(
        {name: predictions.details[name] for name in DETAILS}
        | {"truth": names[predictions.truth], "scene": names[predictions.label], "confidence": predictions.confidence}
        | dict(zip(cosines, predictions.cosine.T, strict=True))
    )
    return table.to_csv(index=False, float_format="%.9g", lineterminator="\n")  # 9 digits distinguish any two float32


def read_csv(file: AnyPath) -> Predictions:
    """The table that `to_csv` wrote."""
    table = pandas.read_csv(io.StringIO(file.read_text()), dtype=str, keep_default_na=False)
    scenes = tuple(str(name).removeprefix("cosine ") for name in table if str(name).startswith("cosine "))
    cosine = table[[f"cosine {scene}" for scene in scenes]].to_numpy(np.float32)
    index = {scene: number for number, scene in enumerate(scenes)} | {"": -1}  # any other name is an error
    truth = np.array([index[name] for name in table["truth"]], int)
    return Predictions(scenes, cosine, truth, {name: table[name].tolist() for name in DETAILS})

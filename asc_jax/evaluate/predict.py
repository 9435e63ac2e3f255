"""What a network says of every clip of a split, kept as a table that all scores are computed from."""

import csv
import io
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jax
import numpy as np

from asc_jax.data.batches import evaluation_batches
from asc_jax.data.records import Clips
from asc_jax.net.scenenet import SceneNet, to_waveform

DETAILS = ("id", "device", "city", "session")


@dataclass(frozen=True)
class Predictions:
    """M clips: cosine [M, scenes], true scene [M] (-1 unknown), and per clip its id, device, city and session."""

    scenes: tuple[str, ...]
    cosine: np.ndarray
    truth: np.ndarray
    details: dict[str, list[str]]

    @property
    def label(self) -> np.ndarray:
        return self.cosine.argmax(1)

    @property
    def confidence(self) -> np.ndarray:
        """The largest softmax of the unscaled cosines [M], the released confidence: about 0.25 for a certain clip."""
        exponential = np.exp(self.cosine.astype(np.float64))
        return exponential.max(1) / exponential.sum(1)


@partial(jax.jit, static_argnames="net")
def cosine(variables, audio, *, net: SceneNet):
    """int16 audio [B, N] -> margin-free cosine [B, scenes], in evaluation mode."""
    return net.apply(variables, to_waveform(audio)).cosine


def predict(net: SceneNet, variables, clips: Clips, batch_size: int) -> Predictions:
    """Predicts every clip, in order; `variables` are {params, batch_stats}."""
    batches = evaluation_batches(clips, batch_size)
    cosines = [np.asarray(cosine(variables, audio, net=net))[:count] for audio, count in batches]
    details = {name: clips.column(name) for name in DETAILS}
    return Predictions(clips.scenes, np.concatenate(cosines), clips.indices("truth"), details)


def to_csv(predictions: Predictions) -> str:
    """One row a clip: id, device, city, session, truth, scene, confidence and the cosine to every scene."""
    names = (*predictions.scenes, "")  # -1, an unknown truth, reads the last
    text_file = io.StringIO()
    rows = csv.writer(text_file, lineterminator="\n")
    rows.writerow([*DETAILS, "truth", "scene", "confidence", *(f"cosine {scene}" for scene in predictions.scenes)])
    columns = zip(
        *predictions.details.values(),
        predictions.truth,
        predictions.label,
        predictions.confidence,
        predictions.cosine,
        strict=True,
    )
    for *details, truth, label, confidence, cosines in columns:
        # 9 digits tell any two float32 apart
        rows.writerow([*details, names[truth], names[label], f"{confidence:.9g}", *(f"{c:.9g}" for c in cosines)])
    return text_file.getvalue()


def read_csv(file: Path) -> Predictions:
    """The table that `to_csv` wrote."""
    with open(file, newline="") as handle:
        rows = list(csv.DictReader(handle))
    scenes = tuple(name.removeprefix("cosine ") for name in rows[0] if name.startswith("cosine "))
    cosines = np.array([[row[f"cosine {scene}"] for scene in scenes] for row in rows], np.float32)
    index = {scene: number for number, scene in enumerate(scenes)} | {"": -1}
    truth = np.array([index[row["truth"]] for row in rows])
    return Predictions(scenes, cosines, truth, {name: [row[name] for row in rows] for name in DETAILS})

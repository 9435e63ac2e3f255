"""Clips that can be listened to."""

import base64
import io
from dataclasses import dataclass

import numpy as np
import soundfile

from asc_jax.evaluate.predict import Predictions
from asc_jax.net.frontend import RATE
from asc_jax.report.run import Run

MOST = 8  # of the wrong clips


@dataclass(frozen=True)
class Sound:
    """A test clip: its true and its predicted scene, the probability, and its sound as a data URI, if at hand."""

    id: str
    device: str
    truth: str
    label: str
    probability: float
    sound: str | None


def first_clip(run: Run) -> Sound:
    """The clip whose features and attention are drawn."""
    return _sounds(run, run.last.tested.subset(np.array([0])))[0]


def confidently_wrong(run: Run) -> list[Sound]:
    """The clips that the last round predicts wrongly, the most confident first."""
    predictions = run.last.predictions
    wrong = np.flatnonzero(predictions.label != predictions.truth)
    most_confident = np.argsort(-predictions.probability.max(1)[wrong], kind="stable")[:MOST]
    return _sounds(run, predictions.subset(wrong[most_confident]))


def _sounds(run: Run, predictions: Predictions) -> list[Sound]:
    scenes = (*predictions.scenes, "")  # -1, an unknown truth, reads the last
    labels = zip(predictions.truth, predictions.label, predictions.probability.max(1), strict=True)
    names = zip(predictions.details["id"], predictions.details["device"], strict=True)
    return [
        Sound(name, device, scenes[truth], scenes[label], float(probability), _sound(run, name))
        for (name, device), (truth, label, probability) in zip(names, labels, strict=True)
    ]


def _sound(run: Run, name: str) -> str | None:
    if run.last.recordings is None:
        return None
    found = np.flatnonzero(run.last.recordings.table["id"] == name)
    if not len(found):
        return None
    file = io.BytesIO()
    soundfile.write(file, run.last.recordings.audio(found[:1])[0], RATE, format="FLAC")
    return f"data:audio/flac;base64,{base64.b64encode(file.getvalue()).decode()}"

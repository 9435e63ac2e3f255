"""Clips that can be listened to and looked at."""

import io
from dataclasses import dataclass

import numpy as np
import soundfile
from matplotlib.figure import Figure

from asc_jax.data.spectra import draw_mel, mel_of
from asc_jax.evaluate.predict import Predictions
from asc_jax.net.frontend import RATE
from asc_jax.report.run import Run
from asc_jax.report.style import data_uri, new_figure, styled, webp

MOST = 8  # of the wrong clips


@dataclass(frozen=True)
class Sound:
    """A test clip: its true and its predicted scene, the confidence in it, and its audio int16 [N], if at hand."""

    id: str
    device: str
    truth: str
    label: str
    confidence: float
    audio: np.ndarray | None

    @property
    def sound(self) -> str | None:
        """The audio as a data URI."""
        if self.audio is None:
            return None
        file = io.BytesIO()
        soundfile.write(file, self.audio, RATE, format="FLAC")
        return data_uri("audio/flac", file.getvalue())

    @property
    def picture(self) -> str | None:
        """The log-mel spectrogram as a data URI."""
        return None if self.audio is None else data_uri("image/webp", webp(styled(spectrogram, self.audio)[0]))


def first_clip(run: Run) -> Sound:
    """The clip whose features and attention are drawn."""
    return _sounds(run, run.last.tested.subset(np.array([0])))[0]


def confidently_wrong(run: Run) -> list[Sound]:
    """The clips that the last round predicts wrongly, the most confident first."""
    predictions = run.last.predictions
    wrong = np.flatnonzero(predictions.label != predictions.truth)
    most_confident = np.argsort(-predictions.confidence[wrong], kind="stable")[:MOST]
    return _sounds(run, predictions.subset(wrong[most_confident]))


def spectrogram(audio: np.ndarray) -> tuple[Figure, str]:
    """The log-mel spectrogram of a clip, int16 [N]."""
    figure = new_figure(1.7)
    figure.set_figwidth(3.0)
    axes = figure.subplots()
    image = draw_mel(axes, mel_of(audio))
    axes.set(xlabel="time in s", ylabel="frequency in kHz")
    figure.colorbar(image, ax=axes, label="dB", pad=0.02)
    return figure, f"Log-mel spectrogram of {len(audio) / RATE:g} s."


def _sounds(run: Run, predictions: Predictions) -> list[Sound]:
    scenes = (*predictions.scenes, "")  # -1, an unknown truth, reads the last
    labels = zip(predictions.truth, predictions.label, predictions.confidence, strict=True)
    names = zip(predictions.details["id"], predictions.details["device"], strict=True)
    return [
        Sound(name, device, scenes[truth], scenes[label], float(confidence), _audio(run, name))
        for (name, device), (truth, label, confidence) in zip(names, labels, strict=True)
    ]


def _audio(run: Run, name: str) -> np.ndarray | None:
    if run.last.recordings is None:
        return None
    (number,) = run.last.recordings.numbers([name])
    return None if number < 0 else run.last.recordings.audio([number])[0]

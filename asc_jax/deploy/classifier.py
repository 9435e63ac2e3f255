"""A trained network that listens to recordings of any length."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import soxr
from scipy.special import softmax

from asc_jax.deploy.bands import matching, statistics
from asc_jax.deploy.windows import windows
from asc_jax.devices import can_share, on_every_device, shard_batch
from asc_jax.errors import UserError
from asc_jax.evaluate.predict import predictor
from asc_jax.evaluate.runs import read_run
from asc_jax.net.arcface import SCALE
from asc_jax.net.ensemble import Net, for_each_network
from asc_jax.net.folding import fold
from asc_jax.net.frontend import RATE
from asc_jax.train.trained import load as load_round
from asc_jax.typed import jitted
from data_prep.faults import Unusable
from data_prep.samples import NO_SIGNAL, as_mono, check_length, has_signal


@dataclass
class Prediction:
    """What is predicted of one recording: of each window its start in seconds and the cosine to every scene [scenes].

    The cosine of a window without signal is None, and does not count. `error` says why nothing is predicted; `notes`
    what is odd about the recording.
    """

    name: str
    scenes: tuple[str, ...]
    start: list[float] = field(default_factory=list)
    cosines: list[np.ndarray | None] = field(default_factory=list)
    waiting: int = 0
    ended: bool = False
    error: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def voted(self) -> list[np.ndarray]:
        """The cosines of the windows that hold a signal."""
        return [cosine for cosine in self.cosines if cosine is not None]

    @property
    def cosine(self) -> np.ndarray:
        """Of the whole recording: the mean over its windows with a signal, [scenes]."""
        return np.mean(self.voted, axis=0)

    @property
    def scene(self) -> str:
        return self.scene_of(self.cosine)

    def scene_of(self, cosine: np.ndarray) -> str:
        return self.scenes[int(cosine.argmax())]

    @property
    def confidence(self) -> float:
        """The probability of that scene, as `confidence_of` has it."""
        return confidence_of(self.cosine)


def confidence_of(cosine: np.ndarray) -> float:
    """The largest of `probabilities_of`; not the confidence that weights pseudo-labels."""
    return float(probabilities_of(cosine).max())


def probabilities_of(cosine: np.ndarray) -> np.ndarray:
    """The softmax of the scaled cosines [scenes], which training fits."""
    return softmax(SCALE * cosine.astype(np.float64))


@dataclass(frozen=True)
class Classifier:
    """A network without the scenes' margin, which processes `batch` windows of `samples` at 16 kHz at once."""

    net: Net
    scenes: tuple[str, ...]
    samples: int
    batch: int
    variables: Any

    def __call__(self, waveform: np.ndarray, rate: int) -> Prediction:
        """Of one recording [N] or [N, channels] at any rate, in windows that do not overlap.

        Floats are in [-1, 1], integers are scaled by their type. UserError for what no recording of sound can be.
        """
        with usable():
            mono = as_mono(waveform, rate)
            check_length(len(mono), rate, RATE)
        (prediction,) = self.predict([("", [soxr.resample(mono, rate, RATE, quality="HQ")])], self.samples)
        if prediction.error:
            raise UserError(prediction.error)
        return prediction

    def matched(self, recordings: Iterable[Iterable[np.ndarray]], training: Iterable[np.ndarray]) -> "Classifier":
        """The same network, for recordings of one device, whose bands are mapped to those of the training's clips.

        Both are read once: recordings as in `predict`, of which bad ones are passed over, and clips int16 [samples].
        """
        recorded, source = statistics(self.net, self._windows(recordings)), statistics(self.net, training)
        bands = for_each_network(self.net, matching(recorded, source))
        return replace(self, variables=self.variables | {"bands": _placed(bands, self.batch)})

    def _windows(self, recordings: Iterable[Iterable[np.ndarray]]) -> Iterator[np.ndarray]:
        for blocks in recordings:
            try:
                every = (audio for _, audio in windows(blocks, self.samples, self.samples))
                yield from filter(has_signal, every)
            except UserError:
                pass

    def predict(self, recordings: Iterable[tuple[str, Iterable[np.ndarray]]], hop: int) -> Iterator[Prediction]:
        """Of each recording, a name and blocks of samples at 16 kHz, in order; batches go across recordings.

        Where its blocks end with a UserError, that is its error.
        """
        waiting, batch = deque(), []
        for name, blocks in recordings:
            prediction = Prediction(name, self.scenes)
            waiting.append(prediction)
            try:
                for start, audio in windows(blocks, self.samples, hop):
                    prediction.start.append(start / RATE)
                    prediction.cosines.append(None)
                    if has_signal(audio):
                        prediction.waiting += 1
                        batch.append((prediction, len(prediction.start) - 1, audio))
                    if len(batch) == self.batch:
                        self._predict_batch(batch)
                        batch = []
                if not prediction.waiting and not prediction.voted:
                    prediction.error = f"silent: {NO_SIGNAL}" if prediction.start else "empty: holds no samples"
            except UserError as error:
                prediction.error = str(error)
            prediction.ended = True
            yield from _finished(waiting)
        self._predict_batch(batch)
        yield from _finished(waiting)

    def _predict_batch(self, batch: list[tuple[Prediction, int, np.ndarray]]) -> None:
        """Fills in, for each window of a recording, what the network says of it."""
        if not batch:
            return
        cosines = self.cosines(np.stack([audio for _, _, audio in batch]))
        for (prediction, window, _), cosine in zip(batch, cosines, strict=True):
            prediction.cosines[window] = cosine
            prediction.waiting -= 1

    def cosines(self, audio: np.ndarray) -> np.ndarray:
        """Windows, int16 [W, samples] with 1 <= W <= batch -> the cosine to every scene, float32 [W, scenes]."""
        count, audio = len(audio), np.resize(audio, (self.batch, self.samples))  # again the first
        audio = shard_batch({"audio": audio})["audio"] if can_share(self.batch) else audio
        cosines, _ = jax.device_get(predictor(self.net, self.batch)(self.variables, audio))
        return cosines[:count]


def load(run: str | Path, batch: int = 1) -> Classifier:
    """The network of a run's last finished round, or of the round whose folder that is, for `batch` windows at once."""
    last = read_run(Path(run))[-1]
    net, scenes, variables = load_round(last.folder)
    variables = _placed(jitted(fold)(variables), batch)
    return Classifier(net.clone(folded=True), scenes, last.settings["samples"], batch, variables)


@contextmanager
def usable() -> Iterator[None]:
    """Turns what is wrong with a recording into a UserError."""
    try:
        yield
    except Unusable as bad:
        raise UserError(f"{bad.reason}: {bad.detail}") from bad


def _placed(variables: Any, batch: int) -> Any:
    """On all devices if they share a batch, else on the first."""
    return on_every_device(variables) if can_share(batch) else jax.device_put(variables, jax.devices()[0])


def _finished(waiting: deque[Prediction]) -> Iterator[Prediction]:
    while waiting and waiting[0].ended and not waiting[0].waiting:
        yield waiting.popleft()

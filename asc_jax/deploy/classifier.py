"""A trained network that listens to recordings of any length."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import soxr
from scipy.special import softmax

from asc_jax.deploy.bands import matching, statistics
from asc_jax.deploy.windows import windows
from asc_jax.devices import can_share, on_every_device, shared
from asc_jax.errors import UserError
from asc_jax.evaluate.predict import predictor
from asc_jax.evaluate.runs import read_run
from asc_jax.net.arcface import SCALE
from asc_jax.net.folding import fold
from asc_jax.net.frontend import RATE
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.rounds import load as load_round
from asc_jax.typed import jitted


@dataclass
class Heard:
    """What is told of one recording: of each window its start in seconds [W] and the cosine to every scene [W, scenes].

    `error` says why nothing, or no more, could be told.
    """

    name: str
    scenes: tuple[str, ...]
    start: list[float] = field(default_factory=list)
    cosines: list[np.ndarray] = field(default_factory=list)
    ended: bool = False
    error: str | None = None

    @property
    def cosine(self) -> np.ndarray:
        """Of the whole recording: the mean over its windows, [scenes]."""
        return np.mean(self.cosines, axis=0)

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
    """The largest softmax of the scaled cosines, which training fits; not the confidence that weights pseudo-labels."""
    return float(softmax(SCALE * cosine.astype(np.float64)).max())


@dataclass(frozen=True)
class Classifier:
    """A network without the scenes' margin, which hears `batch` windows of `samples` at 16 kHz at once."""

    net: SceneNet
    scenes: tuple[str, ...]
    samples: int
    batch: int
    variables: Any

    def __call__(self, waveform: np.ndarray, rate: int) -> Heard:
        """Of one recording, float [N] or [N, channels] in [-1, 1] at any rate, in windows that do not overlap."""
        mono = np.asarray(waveform, np.float32)
        mono = mono.mean(1) if mono.ndim == 2 else mono
        (heard,) = self.hear([("", [soxr.resample(mono, rate, RATE, quality="HQ")])], self.samples)
        if heard.error:
            raise UserError(heard.error)
        return heard

    def matched(self, recordings: Iterable[Iterable[np.ndarray]], training: Iterable[np.ndarray]) -> "Classifier":
        """The same network, for recordings of one device, whose bands are mapped to those of the training's clips.

        Both are read once: recordings as in `hear`, of which bad ones are passed over, and clips int16 [samples].
        """
        heard, source = statistics(self.net, self._windows(recordings)), statistics(self.net, training)
        return replace(self, variables=self.variables | {"bands": _placed(matching(heard, source), self.batch)})

    def _windows(self, recordings: Iterable[Iterable[np.ndarray]]) -> Iterator[np.ndarray]:
        for blocks in recordings:
            try:
                yield from (audio for _, audio in windows(blocks, self.samples, self.samples))
            except UserError:
                pass

    def hear(self, recordings: Iterable[tuple[str, Iterable[np.ndarray]]], hop: int) -> Iterator[Heard]:
        """Of each recording, a name and blocks of samples at 16 kHz, in order; batches go across recordings.

        Where its blocks end with a UserError, that is its error.
        """
        waiting, batch = deque(), []
        for name, blocks in recordings:
            heard = Heard(name, self.scenes)
            waiting.append(heard)
            try:
                for start, audio in windows(blocks, self.samples, hop):
                    heard.start.append(start / RATE)
                    batch.append((heard, audio))
                    if len(batch) == self.batch:
                        self._tell(batch)
                        batch = []
            except UserError as error:
                heard.error = str(error)
            heard.ended = True
            yield from _finished(waiting)
        self._tell(batch)
        yield from _finished(waiting)

    def _tell(self, batch: list[tuple[Heard, np.ndarray]]) -> None:
        """Adds to each window's recording what the network says of it."""
        if not batch:
            return
        audio = np.resize(np.stack([audio for _, audio in batch]), (self.batch, self.samples))  # goes on with the first
        audio = shared({"audio": audio})["audio"] if can_share(self.batch) else audio
        cosines, _ = jax.device_get(predictor(self.net, self.batch)(self.variables, audio))
        for (heard, _), cosine in zip(batch, cosines, strict=False):
            heard.cosines.append(cosine)


def load(run: str | Path, batch: int = 1) -> Classifier:
    """The network of a run's last finished round, or of the round whose folder that is, for `batch` windows at once."""
    last = read_run(Path(run))[-1]
    net, scenes, variables = load_round(last.folder)
    variables = _placed(jitted(fold)(variables), batch)
    return Classifier(net, scenes, last.settings["samples"], batch, variables)


def _placed(variables: Any, batch: int) -> Any:
    """On all devices if they share a batch, else on the first."""
    return on_every_device(variables) if can_share(batch) else jax.device_put(variables, jax.devices()[0])


def _finished(waiting: deque[Heard]) -> Iterator[Heard]:
    while waiting and waiting[0].ended and len(waiting[0].cosines) == len(waiting[0].start):
        yield waiting.popleft()

"""A trained network that listens to recordings of any length."""

import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from asc_jax.deploy.bands import matching, statistics
from asc_jax.deploy.prediction import Prediction
from asc_jax.deploy.recordings import Recording, Source, recordings_of
from asc_jax.deploy.windows import hop_of, windows
from asc_jax.devices import can_share, on_every_device, shard_batch
from asc_jax.errors import UserError
from asc_jax.evaluate.calibration import NOT_CALIBRATED, Calibration
from asc_jax.evaluate.predict import predictor
from asc_jax.evaluate.runs import read_run
from asc_jax.net.ensemble import Net, for_each_network
from asc_jax.net.folding import fold
from asc_jax.net.frontend import RATE
from asc_jax.train.trained import load as load_round
from asc_jax.typed import jitted
from data_prep.samples import NO_SIGNAL, has_signal

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Classifier:
    """A network without the scenes' margin, which processes `batch` windows of `samples` at 16 kHz at once."""

    net: Net
    scenes: tuple[str, ...]
    samples: int
    batch: int
    variables: Any
    calibration: Calibration = NOT_CALIBRATED

    def __call__(self, waveform: np.ndarray, rate: int) -> Prediction:
        """Of one recording [N] or [N, channels] at any rate, in windows that do not overlap.

        Floats are in [-1, 1], integers are scaled by their type. UserError for what no recording of sound can be.
        """
        (prediction,) = self.predict_each([Recording("", waveform, rate)], self.samples)
        if prediction.error:
            raise UserError(prediction.error)
        return prediction

    def predict(
        self,
        recordings: Source | Sequence[Source],
        rate: int | None = None,
        *,
        hop: float | None = None,
        windows: bool = False,
    ) -> "DataFrame":
        """The scenes of recordings: a row each with file, scene, confidence and the cosine to every scene.

        Of a run with a threshold for it (`asc-jax calibrate`) the scene may be "unknown"; then the nearest one follows.

        Args:
            recordings: a file, a folder, a pattern, an array [N] or [N, channels], or a list of these.
            rate: samples per second of the arrays. Floats are in [-1, 1], integers are scaled by their type.
            hop: seconds from one window to the next (default: as long as a window).
            windows: a row for each window, with its start in seconds, in place of one for each recording.

        Values are missing for a recording that cannot be used, with a warning that says why, and for a window without
        signal. UserError where none can be used.
        """
        from asc_jax.deploy import tables

        return tables.predictions(self._predict_all(recordings, rate, hop), windows)

    def embed(
        self,
        recordings: Source | Sequence[Source],
        rate: int | None = None,
        *,
        hop: float | None = None,
        windows: bool = False,
    ) -> "DataFrame":
        """The embeddings of recordings: a row each with file and 128 columns; arguments and errors as of `predict`.

        That of a window has length 1, that of a recording is the mean over its windows with a signal.
        """
        from asc_jax.deploy import tables

        return tables.embeddings(self._predict_all(recordings, rate, hop), windows)

    def _predict_all(self, sources: Source | Sequence[Source], rate: int | None, hop: float | None) -> list[Prediction]:
        """With warnings in place of errors and notes, unless all are bad."""
        odd = []
        recordings = recordings_of(sources, rate, odd.append)
        predictions = list(self.predict_each(recordings, hop_of(hop) or self.samples))
        if all(each.error for each in predictions):
            more = f" (and {len(predictions) - 1} others)" if len(predictions) > 1 else ""
            raise UserError(f"{predictions[0].name}: {predictions[0].error}{more}")
        for text in odd + [f"{each.name}: {remark}" for each in predictions for remark in each.remarks]:
            warnings.warn(text, stacklevel=3)
        return predictions

    def matched(self, recordings: Iterable[Recording], training: Iterable[np.ndarray]) -> "Classifier":
        """The same network, for recordings of one device, whose bands are mapped to those of the training's clips.

        Both are read once: recordings, of which bad ones are passed over, and clips int16 [samples].
        """
        recorded, source = statistics(self.net, self._windows(recordings)), statistics(self.net, training)
        bands = for_each_network(self.net, matching(recorded, source))
        return replace(self, variables=self.variables | {"bands": _placed(bands, self.batch)})

    def _windows(self, recordings: Iterable[Recording]) -> Iterator[np.ndarray]:
        for recording in recordings:
            try:
                every = (audio for _, audio in windows(recording.blocks(), self.samples, self.samples))
                yield from filter(has_signal, every)
            except UserError:
                pass

    def predict_each(self, recordings: Iterable[Recording], hop: int) -> Iterator[Prediction]:
        """Of each recording, in order, with windows every `hop` samples at 16 kHz; batches go across recordings.

        Where its blocks end with a UserError, that is its error.
        """
        waiting, batch = deque(), []
        for recording in recordings:
            prediction = Prediction(recording.name, self.scenes, calibration=self.calibration)
            waiting.append(prediction)
            try:
                for start, audio in windows(recording.blocks(prediction.notes.append), self.samples, hop):
                    prediction.start.append(start / RATE)
                    prediction.cosines.append(None)
                    prediction.embeddings.append(None)
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
        cosines, embeddings = self.compute(np.stack([audio for _, _, audio in batch]))
        embeddings = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
        for (prediction, window, _), cosine, embedding in zip(batch, cosines, embeddings, strict=True):
            prediction.cosines[window], prediction.embeddings[window] = cosine, embedding
            prediction.waiting -= 1

    def compute(self, audio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Windows, int16 [W, samples] with 1 <= W <= batch -> (cosine [W, scenes], embedding [W, 128]), float32."""
        count, audio = len(audio), np.resize(audio, (self.batch, self.samples))  # again the first
        audio = shard_batch({"audio": audio})["audio"] if can_share(self.batch) else audio
        cosines, embeddings = jax.device_get(predictor(self.net, self.batch)(self.variables, audio))
        return cosines[:count], embeddings[:count]


def load(run: str | Path, batch: int = 1) -> Classifier:
    """The network of a run's last finished round, or of the round whose folder that is, for `batch` windows at once."""
    last = read_run(Path(run))[-1]
    net, scenes, variables = load_round(last.folder)
    model = folded(net, scenes, variables, last.settings["samples"], batch)
    return replace(model, calibration=last.calibration)


def folded(net: Net, scenes: tuple[str, ...], variables: Any, samples: int, batch: int) -> Classifier:
    """A Classifier of a network and its {params, batch_stats}, for windows of `samples` at 16 kHz."""
    return Classifier(net.clone(folded=True), scenes, samples, batch, _placed(jitted(fold)(variables), batch))


def _placed(variables: Any, batch: int) -> Any:
    """On all devices if they share a batch, else on the first."""
    return on_every_device(variables) if can_share(batch) else jax.device_put(variables, jax.devices()[0])


def _finished(waiting: deque[Prediction]) -> Iterator[Prediction]:
    while waiting and waiting[0].ended and not waiting[0].waiting:
        yield waiting.popleft()

"""What is predicted of a recording."""

from dataclasses import dataclass, field

import numpy as np

from asc_jax.evaluate.calibration import NOT_CALIBRATED, Calibration


@dataclass
class Prediction:
    """What is predicted of one recording: of each window its start in seconds, the cosine to every scene [scenes] and
    the embedding of length 1 [128].

    Those of a window without signal are None, and do not count. `error` says why nothing is predicted; `notes` what is
    odd about the recording.
    """

    name: str
    scenes: tuple[str, ...]
    start: list[float] = field(default_factory=list)
    cosines: list[np.ndarray | None] = field(default_factory=list)
    embeddings: list[np.ndarray | None] = field(default_factory=list)
    waiting: int = 0
    ended: bool = False
    error: str | None = None
    notes: list[str] = field(default_factory=list)
    calibration: Calibration = NOT_CALIBRATED

    @property
    def remarks(self) -> list[str]:
        """What a user should know about the recording: its error, if there is one, and the notes."""
        return [*([self.error] if self.error else []), *self.notes]

    @property
    def voted(self) -> list[np.ndarray]:
        """The cosines of the windows that hold a signal."""
        return [cosine for cosine in self.cosines if cosine is not None]

    @property
    def cosine(self) -> np.ndarray:
        """Of the whole recording: the mean over its windows with a signal, [scenes]."""
        return np.mean(self.voted, axis=0)

    @property
    def embedding(self) -> np.ndarray:
        """Of the whole recording: the mean over its windows with a signal, [128]."""
        return np.mean([embedding for embedding in self.embeddings if embedding is not None], axis=0)

    @property
    def scene(self) -> str:
        """The nearest scene, or "unknown" where the network was calibrated and none is near."""
        return self.scene_of(self.cosine)

    @property
    def nearest(self) -> str:
        """The scene of the largest cosine."""
        return self.nearest_of(self.cosine)

    @property
    def confidence(self) -> float:
        """The probability of the nearest scene."""
        return self.confidence_of(self.cosine)

    def scene_of(self, cosine: np.ndarray) -> str:
        return self.calibration.scene_of(self.scenes, cosine)

    def nearest_of(self, cosine: np.ndarray) -> str:
        return self.scenes[int(cosine.argmax())]

    def confidence_of(self, cosine: np.ndarray) -> float:
        return float(self.calibration.confidence(cosine))

"""How the cosines of a network are read: as probabilities, and as "unknown" where none of its scenes is near."""

import json
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from asc_jax.config import CALIBRATION
from asc_jax.net.arcface import SCALE
from asc_jax.typed import AnyPath

UNKNOWN = "unknown"  # in place of a scene


@dataclass(frozen=True)
class Calibration:
    """The temperature that scaled cosines are divided by, and the energy score below which a clip is unknown.

    The defaults are those of a network that was not calibrated: the softmax that training fits, and no threshold.
    """

    temperature: float = 1.0
    threshold: float | None = None

    def logits(self, cosine: np.ndarray) -> np.ndarray:
        """Cosines [..., scenes] -> logits [..., scenes], without margin."""
        return SCALE / self.temperature * cosine.astype(np.float64)

    def probabilities(self, cosine: np.ndarray) -> np.ndarray:
        """Cosines [..., scenes] -> the probability of every scene [..., scenes]."""
        return softmax(self.logits(cosine), axis=-1)

    def confidence(self, cosine: np.ndarray) -> np.ndarray:
        """Cosines [..., scenes] -> the probability of the nearest scene [...]."""
        return self.probabilities(cosine).max(-1)

    def score(self, cosine: np.ndarray) -> np.ndarray:
        """Cosines [..., scenes] -> how much a clip is like the scenes [...]: the log-sum-exp of its logits.

        It is the energy score of W. Liu et al. (Energy-based out-of-distribution detection, NeurIPS 2020), which
        separates unknown scenes better than the largest cosine or probability (evaluate/README.md has the figures).
        """
        return np.logaddexp.reduce(self.logits(cosine), axis=-1)

    def scene_of(self, scenes: tuple[str, ...], cosine: np.ndarray) -> str:
        """The nearest scene of one clip, cosines [scenes], or UNKNOWN."""
        is_unknown = self.threshold is not None and self.score(cosine) < self.threshold
        return UNKNOWN if is_unknown else scenes[int(cosine.argmax())]


NOT_CALIBRATED = Calibration()


def read_calibration(folder: AnyPath) -> Calibration:
    """That of a round, from its folder."""
    file = folder / CALIBRATION
    if not file.exists():
        return NOT_CALIBRATED
    kept = json.loads(file.read_text())
    return Calibration(kept["temperature"], kept["threshold"])

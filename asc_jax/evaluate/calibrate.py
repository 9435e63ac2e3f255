"""Fits a temperature and a threshold for unknown clips to predictions of clips that the network was not trained on."""

import json
import math
from dataclasses import asdict, dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar

from asc_jax.config import CALIBRATION
from asc_jax.errors import UserError
from asc_jax.evaluate import scores
from asc_jax.evaluate.calibration import NOT_CALIBRATED, Calibration
from asc_jax.evaluate.predict import Predictions
from asc_jax.typed import AnyPath

LEAST = 20  # clips: of fewer the temperature is mostly chance
TEMPERATURES = (0.25, 4.0)  # where the fit ends: clips that are all right would be best explained by 0


@dataclass(frozen=True)
class Fit:
    """A calibration, and what it was fitted on: clips and sessions, with their log loss (nats) and expected
    calibration error before and after, and the share of them that is below the threshold."""

    temperature: float
    threshold: float | None
    false_unknown: float
    fitted_on: str
    clips: int
    sessions: int
    log_loss: tuple[float, float]
    calibration_error: tuple[float, float]
    called_unknown: float

    @property
    def calibration(self) -> Calibration:
        return Calibration(self.temperature, self.threshold)


def calibrate(predictions: Predictions, false_unknown: float, fitted_on: str) -> Fit:
    """Fits both to M clips of known scenes; UserError if they are fewer than LEAST.

    Args:
        predictions: of clips whose sessions their network was not trained on.
        false_unknown: the share of such clips that may be called unknown.
        fitted_on: what these clips are, in words.
    """
    clips = len(predictions.truth)
    if clips < LEAST:
        raise UserError(f"{fitted_on}: {clips} clips are too few to calibrate on; it needs {LEAST} or more")
    found = Calibration(temperature(predictions))
    values = found.score(predictions.cosine)
    found = replace(found, threshold=threshold(values, false_unknown))
    before, after = (replace(predictions, calibration=each) for each in (NOT_CALIBRATED, found))
    return Fit(
        temperature=found.temperature,
        threshold=found.threshold,
        false_unknown=false_unknown,
        fitted_on=fitted_on,
        clips=clips,
        sessions=int(scores.sessions(predictions).max()) + 1,
        log_loss=(_value(scores.log_loss, before), _value(scores.log_loss, after)),
        calibration_error=(_value(scores.calibration_error, before), _value(scores.calibration_error, after)),
        called_unknown=0.0 if found.threshold is None else float(np.mean(values < found.threshold)),
    )


def _value(of: scores.Score, predictions: Predictions) -> float:
    return float(of(predictions, np.ones(len(predictions.truth))))


def temperature(predictions: Predictions) -> float:
    """The temperature of the least log loss (C. Guo et al., On calibration of modern neural networks, ICML 2017).

    It is within TEMPERATURES, and 1 where no other is better. The loss has one minimum, for it is convex in 1 / T.
    """

    def loss(logarithm: float) -> float:
        at = Calibration(math.exp(logarithm))
        return _value(scores.log_loss, replace(predictions, calibration=at))

    bounds = [math.log(each) for each in TEMPERATURES]
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return math.exp(found.x) if loss(found.x) < loss(0.0) else 1.0


def threshold(score: np.ndarray, false_unknown: float) -> float | None:
    """The score below which a new clip is with a chance of at most `false_unknown`, if it is like those of `score` [M].

    It is their k-th smallest, k = floor(false_unknown * (M + 1)), as in split conformal prediction (S. Bates et al.,
    Testing for outliers with conformal p-values, Annals of Statistics 2023); None where they are too few to say.
    """
    number = math.floor(false_unknown * (len(score) + 1) + 1e-9)
    return float(np.sort(score)[number - 1]) if number else None


def write_fit(folder: AnyPath, fit: Fit) -> None:
    """Keeps it in a round's folder, where `read_calibration` finds it."""
    (folder / CALIBRATION).write_text(json.dumps(asdict(fit), indent=2) + "\n")


def read_fit(folder: AnyPath) -> Fit | None:
    """What `write_fit` kept, if it did."""
    file = folder / CALIBRATION
    if not file.exists():
        return None
    kept = json.loads(file.read_text())
    pairs = {name: tuple(kept[name]) for name in ("log_loss", "calibration_error")}
    return Fit(**kept | pairs)

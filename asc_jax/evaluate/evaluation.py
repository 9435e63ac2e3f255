"""All that is said of one round's test: scores with their intervals, overall and per group."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from asc_jax.evaluate import scores
from asc_jax.evaluate.predict import Predictions
from asc_jax.evaluate.runs import FinishedRound, ancestors
from asc_jax.evaluate.scores import Interval

SCORES = {
    "accuracy": scores.accuracy,
    "macro accuracy": scores.macro_accuracy,
    "log loss": scores.log_loss,
    "calibration error": scores.calibration_error,
}
RELEASED = "accuracy, released protocol"


@dataclass(frozen=True)
class Group:
    """Clips of one scene, device or city, or of those that training has heard or has not."""

    clips: int
    sessions: int
    accuracy: Interval


@dataclass(frozen=True)
class Evaluation:
    """`groups` are kind -> name -> Group; a kind that the test set does not tell apart is left out."""

    round: str
    data: str
    split: str
    clips: int
    sessions: int
    scores: dict[str, Interval]
    groups: dict[str, dict[str, Group]]


def evaluate(each: FinishedRound, released: bool = False) -> Evaluation:
    """Scores a round's predictions, `released` also in the published way of counting."""
    told = each.predictions
    resampled = scores.resample_sessions(told)
    wanted = SCORES | ({RELEASED: scores.released_accuracy} if released else {})
    return Evaluation(
        round=each.name,
        data=each.settings["data"],
        split=each.settings["split"],
        clips=len(told.truth),
        sessions=int(scores.sessions(told).max()) + 1,
        scores={name: scores.interval(score, told, resampled) for name, score in wanted.items()},
        groups={kind: _per_group(told, resampled, names) for kind, names in _kinds(each).items() if any(names)},
    )


def write_json(file: Path, evaluations: list[Evaluation]) -> None:
    """Writes evaluations as JSON, with null for what is not a number."""
    told = json.dumps([dataclasses.asdict(each) for each in evaluations], indent=2)
    file.write_text(told.replace(": NaN", ": null") + "\n")


def _kinds(each: FinishedRound) -> dict[str, list[str]]:
    """Kind -> the name of the group that each clip is in."""
    told = each.predictions
    kinds = {"scene": [told.scenes[truth] for truth in told.truth]}
    kinds |= {name: told.details[name] for name in ("device", "city")}
    # what another data set calls "a" is another device
    leaks = [other.leak for other in ancestors(each) if other.settings["data"] == each.settings["data"]]
    for kind, of_leak in (("device", "devices"), ("city", "cities")):
        heard = {name for leak in leaks for name in getattr(leak, of_leak)}
        names = ["heard" if name in heard else name and "not heard" for name in told.details[kind]]
        kinds[f"{kind} in training"] = names if heard else []
    return kinds


def _per_group(told: Predictions, resampled: np.ndarray, names: list[str]) -> dict[str, Group]:
    of_clips = np.array(names)
    return {str(name) or "(unknown)": _group(told, resampled, of_clips == name) for name in np.unique(of_clips)}


def _group(told: Predictions, resampled: np.ndarray, chosen: np.ndarray) -> Group:
    part = told.subset(chosen)
    accuracy = scores.interval(scores.accuracy, part, resampled[:, chosen])
    return Group(len(part.truth), int(scores.sessions(part).max()) + 1, accuracy)

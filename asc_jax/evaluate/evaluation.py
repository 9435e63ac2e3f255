"""All that is said of one round's test: scores with their intervals, overall and per group."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from asc_jax.errors import UserError
from asc_jax.evaluate import scores
from asc_jax.evaluate.predict import Predictions, joined
from asc_jax.evaluate.runs import FinishedRound, ancestors
from asc_jax.evaluate.scores import Interval, Score

SCORES = {
    "accuracy": scores.accuracy,
    "macro accuracy": scores.macro_accuracy,
    "log loss": scores.log_loss,
    "calibration error": scores.calibration_error,
}
RELEASED = "accuracy, released protocol"
SEEN = {"device": "devices", "city": "cities"}  # kind of group -> the leak check's field


@dataclass(frozen=True)
class Group:
    """Clips of one scene, device or city, or of those that are seen or unseen in training."""

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


def evaluate(round_: FinishedRound, released: bool = False) -> Evaluation:
    """Scores a round's predictions, `released` also in the published way of counting."""
    chosen = SCORES | ({RELEASED: scores.released_accuracy} if released else {})
    data, split = (round_.settings[name] for name in ("data", "split"))
    return _evaluation(round_.name, data, split, round_.predictions, _kinds(round_), chosen)


def cross_validated(rounds: Sequence[FinishedRound], split: str) -> Evaluation:
    """Scores the predictions of several rounds, each tested on a fold of its own, together.

    `split` says what the folds are of. UserError if the folds share a clip.
    """
    predictions = joined([each.predictions for each in rounds])
    if len(set(predictions.details["id"])) < len(predictions.truth):
        raise UserError(f"{rounds[0].folder.parent} and other folds test the same clips; train them anew, elsewhere")
    kinds = _known_kinds(predictions)
    return _evaluation(rounds[0].name, rounds[0].settings["data"], split, predictions, kinds, SCORES)


def _evaluation(
    name: str, data: str, split: str, predictions: Predictions, kinds: dict[str, list[str]], chosen: dict[str, Score]
) -> Evaluation:
    resampled = scores.resample_sessions(predictions)
    return Evaluation(
        round=name,
        data=data,
        split=split,
        clips=len(predictions.truth),
        sessions=int(scores.sessions(predictions).max()) + 1,
        scores={name: scores.interval(score, predictions, resampled) for name, score in chosen.items()},
        groups={kind: _per_group(predictions, resampled, names) for kind, names in kinds.items() if any(names)},
    )


def write_json(file: Path, evaluations: list[Evaluation]) -> None:
    """Writes evaluations as JSON, with null for what is not a number."""
    text = json.dumps([dataclasses.asdict(each) for each in evaluations], indent=2)
    file.write_text(text.replace(": NaN", ": null") + "\n")


def _kinds(round_: FinishedRound) -> dict[str, list[str]]:
    """Kind -> the name of the group that each clip is in."""
    predictions = round_.predictions
    kinds = _known_kinds(predictions)
    for kind in SEEN:
        trained_on = seen(round_, kind)
        names = ["seen" if name in trained_on else name and "unseen" for name in predictions.details[kind]]
        kinds[f"{kind} in training"] = names if trained_on else []
    return kinds


def _known_kinds(predictions: Predictions) -> dict[str, list[str]]:
    scenes = [predictions.scenes[truth] for truth in predictions.truth]
    return {"scene": scenes} | {name: predictions.details[name] for name in ("device", "city")}


def seen(round_: FinishedRound, kind: str) -> set[str]:
    """The devices or cities (`kind` is a key of SEEN) that a round and those it descends from were trained on."""
    # what another data set calls "a" is another device
    leaks = [other.leak for other in ancestors(round_) if other.settings["data"] == round_.settings["data"]]
    return {name for leak in leaks for name in getattr(leak, SEEN[kind])}


def _per_group(predictions: Predictions, resampled: np.ndarray, names: list[str]) -> dict[str, Group]:
    """Scenes in the order of the network's, all others in the order of their names."""
    of_clips = np.array(names)
    place = {scene: number for number, scene in enumerate(predictions.scenes)}
    ordered = sorted(set(names), key=lambda name: (place.get(name, 0), name))
    return {name or "(unknown)": _group(predictions, resampled, of_clips == name) for name in ordered}


def _group(predictions: Predictions, resampled: np.ndarray, chosen: np.ndarray) -> Group:
    part = predictions.subset(chosen)
    accuracy = scores.interval(scores.accuracy, part, resampled[:, chosen])
    return Group(len(part.truth), int(scores.sessions(part).max()) + 1, accuracy)

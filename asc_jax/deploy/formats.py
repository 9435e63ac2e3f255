"""Predictions as rows for people, spreadsheets and programs."""

import csv
import io
import itertools
import json
from collections.abc import Iterable, Iterator

import numpy as np
from rich.table import Table

from asc_jax.deploy.prediction import Prediction
from asc_jax.evaluate.calibration import UNKNOWN, Calibration

NO_SIGNAL = "(no signal)"  # in place of a scene
WINDOW = ("file", "start", "scene", "confidence")  # of a CSV row
SILENT = {"scene": None, "silent": True}  # of a window, in JSON


def as_json(prediction: Prediction) -> dict:
    """The whole prediction for one recording."""
    if prediction.error:
        return {"file": prediction.name, "error": prediction.error}
    pairs = zip(prediction.start, prediction.cosines, strict=True)
    scenes, calibration = prediction.scenes, prediction.calibration
    windows = [window_as_json(scenes, calibration, start, cosine) for start, cosine in pairs]
    notes = {"notes": prediction.notes} if prediction.notes else {}
    scores = _scores(scenes, calibration, prediction.cosine)
    return {"file": prediction.name} | scores | notes | {"windows": windows}


def window_as_json(scenes: tuple[str, ...], calibration: Calibration, start: float, cosine: np.ndarray | None) -> dict:
    """One window, which begins at `start` seconds; its cosine [scenes] is None where it holds no signal."""
    return {"start": start} | (SILENT if cosine is None else _scores(scenes, calibration, cosine))


def _scores(scenes: tuple[str, ...], calibration: Calibration, cosine: np.ndarray) -> dict:
    """The scene is followed by the nearest one where it may be unknown."""
    scene = {"scene": calibration.scene_of(scenes, cosine)}
    nearest = {} if calibration.threshold is None else {"nearest": scenes[int(cosine.argmax())]}
    cosines = {scene: float(each) for scene, each in zip(scenes, cosine, strict=True)}
    return scene | nearest | {"confidence": float(calibration.confidence(cosine)), "cosine": cosines}


def json_text(predictions: Iterable[Prediction]) -> Iterator[str]:
    """One JSON list, an object a recording."""
    before = "["
    for prediction in predictions:
        yield before + json.dumps(as_json(prediction))
        before = ",\n"
    yield "]\n" if before != "[" else "[]\n"


def jsonl_text(predictions: Iterable[Prediction]) -> Iterator[str]:
    """A line a recording."""
    for prediction in predictions:
        yield json.dumps(as_json(prediction)) + "\n"


def csv_text(predictions: Iterable[Prediction]) -> Iterator[str]:
    """A row a window: file, start in seconds, scene (or NO_SIGNAL), confidence; a bad recording has none.

    Where the scene may be unknown, the nearest one is last.
    """
    number = 0
    for number, prediction in enumerate(predictions, start=1):
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        may_be_unknown = prediction.calibration.threshold is not None
        if number == 1:
            rows.writerow([*WINDOW, "nearest"] if may_be_unknown else WINDOW)
        for start, cosine in zip(prediction.start, prediction.cosines, strict=True) if not prediction.error else ():
            confidence = "" if cosine is None else f"{prediction.confidence_of(cosine):.4f}"
            nearest = "" if cosine is None else prediction.nearest_of(cosine)
            row = [prediction.name, f"{start:.10g}", _scene(prediction, cosine), confidence]
            rows.writerow([*row, nearest] if may_be_unknown else row)
        yield text.getvalue()
    if not number:
        yield ",".join(WINDOW) + "\n"


def probabilities_text(
    predictions: Iterable[Prediction], columns: tuple[str, str] = ("id", "scene"), separator: str = ","
) -> Iterator[str]:
    """A CSV row a recording: its name, its scene and the probability of every scene; a bad recording has none.

    With the clips' ids in the column id it is a table for --teachers.
    """
    header = False
    for prediction in predictions:
        text = io.StringIO()
        rows = csv.writer(text, delimiter=separator, lineterminator="\n")
        if not header:
            rows.writerow([*columns, *prediction.scenes])
            header = True
        if not prediction.error:
            shares = [f"{share:.6f}" for share in prediction.calibration.probabilities(prediction.cosine)]
            rows.writerow([prediction.name, prediction.scene, *shares])
        yield text.getvalue()


def table(predictions: Iterable[Prediction]) -> Table:
    """A row a recording; of a longer one also the timeline: from when on which scene was predicted."""
    shown = Table("recording", "scene", "confidence", "windows", "timeline")
    for prediction in predictions:
        if not prediction.error:
            confidence = f"{100 * prediction.confidence:.0f} %"
            nearest = f" (nearest: {prediction.nearest})" if prediction.scene == UNKNOWN else ""
            scene = f"{prediction.scene}{nearest}"
            shown.add_row(prediction.name, scene, confidence, windows(prediction), timeline(prediction))
    return shown


def windows(prediction: Prediction) -> str:
    """How many windows there are, and how many of them hold a signal."""
    every, voted = len(prediction.cosines), len(prediction.voted)
    return str(every) if voted == every else f"{voted} of {every}"


def _scene(prediction: Prediction, cosine: np.ndarray | None) -> str:
    return NO_SIGNAL if cosine is None else prediction.scene_of(cosine)


def timeline(prediction: Prediction) -> str:
    """0:00 bus, 3:20 park: each scene with the time it begins, where the recording has more than one window."""
    scenes = [_scene(prediction, cosine) for cosine in prediction.cosines]
    if len(scenes) < 2:
        return ""
    spans = itertools.groupby(zip(scenes, prediction.start, strict=True), key=lambda each: each[0])
    return ", ".join(f"{clock(next(each)[1])} {scene}" for scene, each in spans)


def clock(seconds: float) -> str:
    """3723.5 -> 1:02:03"""
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"

"""Pseudo-labels: predictions for unlabelled clips, weighted by their confidence (the report's section 3.3)."""

import csv
import io

import numpy as np

from asc_jax.evaluate.predict import Predictions
from asc_jax.typed import AnyPath


def weights(confidence: np.ndarray) -> np.ndarray:
    """Confidences [M] min-max scaled to [0, 1], the least certain clip weighing nothing; all 1 if equal."""
    spread = confidence.max() - confidence.min()
    return (confidence - confidence.min()) / spread if spread > 0 else np.ones_like(confidence)


def to_csv(predictions: Predictions) -> str:
    """One row a clip: id, label, scene, confidence, weight, and the true scene where it is known."""
    names = (*predictions.scenes, "")  # -1, an unknown truth, reads the last
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["id", "label", "scene", "confidence", "weight", "truth"])
    confidence = predictions.confidence
    for id, label, sure, weight, truth in zip(
        predictions.details["id"], predictions.label, confidence, weights(confidence), predictions.truth, strict=True
    ):
        rows.writerow([id, label, names[label], f"{sure:.9g}", f"{weight:.9g}", names[truth]])
    return text.getvalue()


def read_csv(file: AnyPath) -> dict[str, tuple[int, float]]:
    """id -> (label, weight), as `to_csv` wrote them."""
    rows = csv.DictReader(io.StringIO(file.read_text()))
    return {row["id"]: (int(row["label"]), float(row["weight"])) for row in rows}

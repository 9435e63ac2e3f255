"""Pseudo-labels: predictions for unlabelled clips, weighted by their confidence (the paper's section 3.3)."""

import io

import numpy as np
import pandas

from asc_jax.evaluate.predict import Predictions
from asc_jax.typed import AnyPath


def weights(confidence: np.ndarray) -> np.ndarray:
    """Confidences [M] min-max scaled to [0, 1], the least certain clip weighing nothing; all 1 if equal."""
    spread = confidence.max() - confidence.min()
    return (confidence - confidence.min()) / spread if spread > 0 else np.ones_like(confidence)


def to_csv(predictions: Predictions) -> str:
    """One row a clip: id, label, scene, released confidence, weight, and the true scene where it is known."""
    names = np.array([*predictions.scenes, ""], object)  # -1, an unknown truth, is the last
    columns = {
        "id": predictions.details["id"],
        "label": predictions.label,
        "scene": names[predictions.label],
        "released confidence": predictions.released_confidence,
        "weight": weights(predictions.released_confidence),
        "truth": names[predictions.truth],
    }
    return pandas.DataFrame(columns).to_csv(index=False, float_format="%.9g", lineterminator="\n")


def read_csv(file: AnyPath) -> dict[str, tuple[int, float]]:
    """id -> (label, weight), as `to_csv` wrote them."""
    rows = pandas.read_csv(io.StringIO(file.read_text()), dtype=str, keep_default_na=False)
    return {row["id"]: (int(row["label"]), float(row["weight"])) for row in rows.to_dict("records")}

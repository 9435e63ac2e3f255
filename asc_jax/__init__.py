"""Acoustic scene classification in JAX: semi-supervised, under domain shift."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import asc_jax.owners  # noqa: F401  TFDS and Orbax look at files through etils

if TYPE_CHECKING:
    from asc_jax.deploy.classifier import Classifier

try:
    Path.home()
except RuntimeError:  # neither HOME nor an entry in passwd; librosa does not start without one
    os.environ["HOME"] = os.path.join(tempfile.gettempdir(), f"asc_jax-{os.getuid()}")


def load(run: str | Path, batch: int = 1) -> "Classifier":
    """A trained network, `asc_jax.deploy.classifier.Classifier`: its `predict` and `embed` take recordings.

    `run` is the folder of a run, of which the last finished round is taken, or of a round. It computes `batch` windows
    at once, which on a GPU or TPU should be more.
    """
    from asc_jax.deploy.classifier import load

    return load(run, batch)

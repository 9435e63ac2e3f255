"""Acoustic scene classification in JAX: semi-supervised, under domain shift."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asc_jax.owners  # noqa: F401  TFDS and Orbax look at files through etils

if TYPE_CHECKING:
    import pandas

    from asc_jax.deploy.classifier import Classifier

try:
    Path.home()
except RuntimeError:  # neither HOME nor an entry in passwd; librosa does not start without one
    os.environ["HOME"] = os.path.join(tempfile.gettempdir(), f"asc_jax-{os.getuid()}")


def fit(recordings: str | Path, out: str | Path, **options: Any) -> "Classifier":
    """Trains a classifier on recordings, tests it, writes its report, and returns it: `asc-jax train`.

    `recordings` is a list or a folder, `out` the folder of the run; options are those of the command, such as seconds,
    split and seed (asc_jax.cli.recipe.TrainOptions). What an earlier call finished is kept.
    """
    from asc_jax.cli.recipe import TrainOptions
    from asc_jax.cli.recipe import train as run

    run(TrainOptions(str(recordings), str(out), **options))
    return load(out)


def scores(run: str | Path) -> "pandas.DataFrame":
    """The scores of a run's rounds on their tests, a row each: clips, sessions, and each score with its interval."""
    from asc_jax.evaluate.evaluation import evaluate
    from asc_jax.evaluate.runs import scored_rounds
    from asc_jax.evaluate.tables import scores_frame

    return scores_frame([evaluate(each) for each in scored_rounds(Path(run))])


def load(run: str | Path, batch: int = 1) -> "Classifier":
    """A trained network, `asc_jax.deploy.classifier.Classifier`: its `predict` and `embed` take recordings.

    `run` is the folder of a run, of which the last finished round is taken, or of a round. It computes `batch` windows
    at once, which on a GPU or TPU should be more.
    """
    from asc_jax.deploy.classifier import load

    return load(run, batch)

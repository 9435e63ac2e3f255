"""The recordings of a command, the network that predicts them, and what is reported of them."""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from asc_jax.cli.printing import tracked
from asc_jax.errors import UserError

if TYPE_CHECKING:
    from asc_jax.deploy.classifier import Classifier
    from asc_jax.deploy.prediction import Prediction
    from asc_jax.deploy.recordings import Recording

BATCH = 32  # windows at once


@contextlib.contextmanager
def opened(run: Path, paths: tuple[str, ...]) -> "Iterator[tuple[Classifier, list[Recording]]]":
    """The network of a run, and the recordings."""
    from asc_jax.cli.training import use_compilation_cache
    from asc_jax.devices import use_cores

    use_compilation_cache()
    from asc_jax.deploy.classifier import load
    from asc_jax.evaluate.runs import read_run

    read_run(run)  # before the recordings are looked for
    use_cores(BATCH)
    with tempfile.TemporaryDirectory() as folder:
        recordings = files(paths, Path(folder))
        yield load(run, BATCH), recordings


def files(paths: tuple[str, ...], folder: Path) -> "list[Recording]":
    """All recordings, in order; standard input is copied into the folder, to go back in it."""
    from asc_jax.deploy import recordings

    return recordings.files(paths, _report, _standard_input(paths, folder) if "-" in paths else None)


def _standard_input(paths: tuple[str, ...], folder: Path) -> Path:
    if sys.stdin is None or paths.count("-") > 1:
        raise UserError("-: standard input is closed, or named twice")
    copy = folder / "-.wav"
    with copy.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return copy


def reported(
    predictions: "Iterable[Prediction]", count: int, strict: bool, scenes: dict[str, str | None]
) -> "Iterator[Prediction]":
    """The same, with a progress bar on a terminal and the bad ones reported; `strict` stops at the first.

    `scenes` receives recording -> nearest scene or None.
    """
    for each in tracked(predictions, "predicting", count):
        if each.error and strict:
            raise UserError(f"{each.name}: {each.error}")
        for text in each.remarks:
            _report(f"{each.name}: {text}")
        scenes[each.name] = None if each.error else each.nearest
        yield each


def _report(text: str) -> None:
    print(f"asc-jax: {text}", file=sys.stderr)

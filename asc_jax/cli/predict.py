"""The command on new recordings: asc-jax predict RUN PATH..."""

import dataclasses
import math
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from asc_jax.cli.printing import check_writable, print_tables, tracked
from asc_jax.cli.recordings import blocks, files
from asc_jax.errors import UserError

if TYPE_CHECKING:
    from asc_jax.deploy.classifier import Prediction

BATCH = 32  # windows at once


@dataclasses.dataclass(frozen=True)
class PredictOptions:
    """A trained network, and the recordings."""

    run: tyro.conf.Positional[Path]
    """Folder of a run (its last finished round is taken), or of a round."""
    paths: tyro.conf.Positional[tuple[str, ...]]
    """Files, folders, patterns such as 'night/*.flac', or - for a file on standard input."""
    format: Literal["table", "csv", "json", "jsonl"] = "table"
    """table and csv tell the scene, json and jsonl the cosine to every scene, window by window."""
    hop: float | None = None
    """Seconds from one window to the next (default: as long as a window, which is as long as a training clip)."""
    device_stats: bool = False
    """The recordings are of one device: map the level and spread of each of its bands to those of the training clips \
    (the run's records must be there)."""
    out: Path | None = None
    """A table to write besides: a row for each recording, with the probability of every scene (CSV)."""
    submission: Path | None = None
    """A challenge's list such as ICME2024_ASC_eval.csv: fill in the scenes of the recordings that it names."""
    strict: bool = False
    """Stop at the first bad recording, with status 2; without it the others are predicted, and the status is 1."""


def predict(options: PredictOptions) -> None:
    """Predict the scene of recordings of any length, window by window."""
    from asc_jax.cli.training import use_compilation_cache
    from asc_jax.devices import use_cores

    use_compilation_cache()
    from asc_jax.deploy.classifier import load
    from asc_jax.deploy.records import clips_of
    from asc_jax.evaluate.runs import read_run

    hop = hop_in_samples(options.hop)
    if options.out:
        check_writable("--out", options.out)
    read_run(options.run)  # before the recordings are looked for
    use_cores(BATCH)
    scenes = {}
    with tempfile.TemporaryDirectory() as folder:
        named = files(options.paths, Path(folder))
        meant = _meant(options.submission, [name for name, _ in named]) if options.submission else []
        model = load(options.run, BATCH)
        if options.device_stats:
            training = clips_of(read_run(options.run)[-1], tested=False)
            clips = (training.audio([number])[0] for number in range(len(training)))
            model = model.matched((blocks(path) for _, path in named), clips)
        notes = [[] for _ in named]
        predictions = model.predict(
            ((name, blocks(path, noted.append)) for (name, path), noted in zip(named, notes, strict=True)),
            hop or model.samples,
        )
        predictions = (dataclasses.replace(each, notes=noted) for each, noted in zip(predictions, notes, strict=True))
        reported = _reported(tracked(predictions, "predicting", len(named)), options.strict, scenes)
        _print(options.format, _kept(reported, options.out) if options.out else reported)
    if options.submission:
        _fill_in(options.submission, meant, scenes)
    if None in scenes.values():
        sys.exit(1)


def hop_in_samples(seconds: float | None) -> int | None:
    """--hop at 16 kHz; None stands for the length of a window."""
    from asc_jax.net.frontend import RATE

    if seconds is None:
        return None
    if not 1 / RATE <= seconds < math.inf:
        raise UserError(f"--hop {seconds:g}: must be the seconds from one window to the next, at least a sample")
    return round(seconds * RATE)


def _print(form: str, predictions: "Iterator[Prediction]") -> None:
    from asc_jax.deploy import formats

    if form == "table":
        print_tables(formats.table(predictions))
    else:
        text = {"csv": formats.csv_text, "json": formats.json_text, "jsonl": formats.jsonl_text}[form]
        for piece in text(predictions):
            sys.stdout.write(piece)


def _kept(predictions: "Iterable[Prediction]", out: Path) -> "Iterator[Prediction]":
    """The same; once all are there, their table is written."""
    from asc_jax.deploy.formats import probabilities_text

    kept = []
    for each in predictions:
        kept.append(each)
        yield each
    out.write_text("".join(probabilities_text(kept)))
    print(out, file=sys.stderr)


def _reported(
    predictions: "Iterable[Prediction]", strict: bool, scenes: dict[str, str | None]
) -> "Iterator[Prediction]":
    """The same, with the bad ones reported; `scenes` receives recording -> scene or None."""
    for each in predictions:
        if each.error:
            if strict:
                raise UserError(f"{each.name}: {each.error}")
            print(f"asc-jax: {each.name}: {each.error}", file=sys.stderr)
        for note in each.notes:
            print(f"asc-jax: {each.name}: {note}", file=sys.stderr)
        scenes[each.name] = None if each.error else each.scene
        yield each


def _fill_in(file: Path, meant: list[str], scenes: dict[str, str | None]) -> None:
    """Writes the scenes of the recordings that the list's rows mean; where one has none, the list stays as it is."""
    from asc_jax.deploy.submission import SCENE
    from data_prep.tables import with_column

    if bad := [name for name in meant if scenes[name] is None]:
        raise UserError(f"{file}: left as it is: {len(bad)} of its clips have no scene: {', '.join(bad[:5])}")
    file = file.resolve()  # of a link, what it leads to
    content = with_column(file, SCENE, [scenes[name] or "" for name in meant])
    partial = file.with_name(f"{file.name}.partial")
    try:
        partial.write_bytes(content)
        shutil.copymode(file, partial)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    print(file, file=sys.stderr)


def _meant(file: Path, recordings: list[str]) -> list[str]:
    """The recording that each row of the list means."""
    from asc_jax.deploy.submission import NAME, SCENE, recordings_of
    from data_prep.tables import read_table

    try:
        return recordings_of([row[NAME] for row in read_table(file, (NAME, SCENE))], recordings)
    except UserError as error:
        raise UserError(f"{file}: {error}") from error

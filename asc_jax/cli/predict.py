"""The command on new recordings: asc-jax predict RUN PATH..."""

import dataclasses
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from asc_jax.cli.printing import check_output, check_writable, print_tables
from asc_jax.cli.recordings import opened, reported
from asc_jax.errors import UserError

if TYPE_CHECKING:
    from asc_jax.deploy.prediction import Prediction


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
    """Stop at the first bad recording, with status 2; without it the others are predicted, and the status is 1 (2 if
    all are bad)."""


def predict(options: PredictOptions) -> None:
    """Predict the scene of recordings of any length, window by window."""
    from asc_jax.deploy.records import clips_of
    from asc_jax.deploy.windows import hop_of
    from asc_jax.evaluate.runs import read_run

    hop, scenes = hop_of(options.hop), {}
    if options.out:
        check_writable("--out", options.out)
    elif not options.submission:
        check_output()
    with opened(options.run, options.paths) as (model, recordings):
        meant = _meant(options.submission, [each.name for each in recordings]) if options.submission else []
        if options.device_stats:
            training = clips_of(read_run(options.run)[-1], tested=False)
            model = model.matched(recordings, (training.audio([number])[0] for number in range(len(training))))
        predictions = model.predict_each(recordings, hop or model.samples)
        shown = reported(predictions, len(recordings), options.strict, scenes)
        _print(options.format, _kept(shown, options.out) if options.out else shown)
    if options.submission:
        _fill_in(options.submission, meant, scenes)
    if None in scenes.values():
        sys.exit(1 if any(scenes.values()) else 2)


def _print(form: str, predictions: "Iterator[Prediction]") -> None:
    from asc_jax.deploy import formats

    if form == "table":
        shown = formats.table(predictions)
        print_tables(*([shown] if shown.row_count else []))
    else:
        text = {"csv": formats.csv_text, "json": formats.json_text, "jsonl": formats.jsonl_text}[form]
        for piece in text(predictions):
            sys.stdout.write(piece)


def _kept(predictions: "Iterable[Prediction]", out: Path) -> "Iterator[Prediction]":
    """The same; once all are there, their table is written, unless all are bad."""
    from asc_jax.deploy.formats import probabilities_text

    kept = []
    for each in predictions:
        kept.append(each)
        yield each
    if not all(each.error for each in kept):
        out.write_text("".join(probabilities_text(kept)))
        print(out, file=sys.stderr)


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

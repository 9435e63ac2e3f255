"""The command on new recordings: asc-jax predict RUN PATH..."""

import dataclasses
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from asc_jax.cli.challenge import read_list, submit
from asc_jax.cli.printing import check_output, check_writable, print_tables
from asc_jax.cli.recordings import opened, reported

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
    """A challenge's list. Its column scene_label, as in ICME2024_ASC_eval.csv, is filled in for the recordings that it
    names; for a list without one, such as DCASE's fold1_test.csv, --out is written as DCASE wants it."""
    strict: bool = False
    """Stop at the first bad recording, with status 2; without it the others are predicted, and the status is 1 (2 if
    all are bad)."""


def predict(options: PredictOptions) -> None:
    """Predict the scene of recordings of any length, window by window."""
    from asc_jax.deploy.formats import probabilities_text
    from asc_jax.deploy.records import clips_of
    from asc_jax.deploy.windows import hop_of
    from asc_jax.evaluate.runs import read_run

    hop, scenes, kept = hop_of(options.hop), {}, {}
    if options.out:
        check_writable("--out", options.out)
    elif not options.submission:
        check_output()
    listed = read_list(options.submission, options.out) if options.submission else None
    with opened(options.run, options.paths) as (model, recordings):
        meant = listed.recordings([each.name for each in recordings]) if listed else []
        if options.device_stats:
            training = clips_of(read_run(options.run)[-1], tested=False)
            model = model.matched(recordings, (training.audio([number])[0] for number in range(len(training))))
        predictions = model.predict_each(recordings, hop or model.samples)
        shown = reported(predictions, len(recordings), options.strict, scenes)
        _print(options.format, _noted(shown, kept) if listed or options.out else shown)
    if options.out and any(scenes.values()) and (not listed or listed.has_scenes):
        options.out.write_text("".join(probabilities_text(kept.values())))
        print(options.out, file=sys.stderr)
    if listed:
        submit(listed, meant, kept, options.out)
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


def _noted(predictions: "Iterable[Prediction]", kept: "dict[str, Prediction]") -> "Iterator[Prediction]":
    """The same; `kept` receives each under its recording's name."""
    for each in predictions:
        kept[each.name] = each
        yield each

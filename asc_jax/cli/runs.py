"""The commands on finished runs: asc-jax evaluate|compare|report|card RUN."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from asc_jax.cli.printing import print_tables, tracked
from asc_jax.errors import UserError

if TYPE_CHECKING:
    from asc_jax.evaluate.runs import FinishedRound


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """A run, and what is printed of it."""

    run: tyro.conf.Positional[Path]
    """Folder of a run, or of one of its rounds."""
    round: str | None = None
    """Round to tell per scene, device and city (default: the last finished one)."""
    protocol: Literal["margin-free", "released"] = "margin-free"
    """released adds the published way of counting: with the margin on the true scene."""
    unknown: Path | None = None
    """Folder with recordings of other places: AUROC and FPR at 95 % TPR against the test clips."""


@dataclasses.dataclass(frozen=True)
class Runs:
    """Runs tested on the same clips."""

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Folders of runs (their last round is taken) or of rounds; the first is what the others are compared with."""


@dataclasses.dataclass(frozen=True)
class Report:
    """The run that a report explains."""

    run: tyro.conf.Positional[Path]
    """Folder of a run, or of one of its rounds; the report goes into it."""


@dataclasses.dataclass(frozen=True)
class Card:
    """The run that a card describes."""

    run: tyro.conf.Positional[Path]
    """Folder of a run (its last tested round is described), or of a round; card.md goes into it."""


def evaluate(options: Evaluation) -> None:
    """Score the test of every finished round, and of one round per scene, device and city."""
    if options.unknown and not options.unknown.is_dir():
        raise UserError(f"--unknown {options.unknown}: is no folder; name one with recordings of other places")
    from asc_jax.evaluate.evaluation import evaluate as evaluation_of
    from asc_jax.evaluate.evaluation import write_json
    from asc_jax.evaluate.runs import scored_rounds
    from asc_jax.evaluate.tables import groups_tables, pseudo_labels_line, rounds_table

    rounds = scored_rounds(options.run)
    name = options.round or rounds[-1].name
    if name not in [each.name for each in rounds]:
        finished = ", ".join(each.name for each in rounds)
        raise UserError(f"{options.run}: {name} has not finished; finished are {finished}")
    evaluations = {each.name: evaluation_of(each, options.protocol == "released") for each in rounds}
    print_tables(*groups_tables(evaluations[name]), rounds_table(list(evaluations.values())))
    described = next(each for each in rounds if each.name == name)
    for line in filter(None, (pseudo_labels_line(described), described.leak, described.validation_leak)):
        print(line)
    write_json(options.run / "scores.json", list(evaluations.values()))
    print(options.run / "scores.json")
    if options.unknown:
        _evaluate_unknown(next(each for each in rounds if each.name == name), options.unknown)


def _evaluate_unknown(round_: "FinishedRound", folder: Path) -> None:
    """Prints how well a round separates a folder's recordings, window by window, from its test clips."""
    import numpy as np

    from asc_jax.cli.recordings import opened, reported
    from asc_jax.evaluate.tables import detection_table
    from asc_jax.evaluate.unknown import detect

    with opened(Path(round_.folder), (str(folder),)) as (model, recordings):
        predictions = reported(model.predict_each(recordings, model.samples), len(recordings), False, {})
        windows = [(Path(each.name), cosine) for each in predictions if not each.error for cosine in each.voted]
    if not windows:
        raise UserError(f"--unknown {folder}: none of its recordings can be used")
    files, cosines = zip(*windows, strict=True)
    found = detect(round_.predictions, np.stack(cosines), [file.relative_to(folder) for file in files])
    print_tables(detection_table(round_.name, found))


def compare(options: Runs) -> None:
    """Test whether runs tested on the same clips differ by more than chance."""
    from asc_jax.evaluate.compare import compare as comparisons_of
    from asc_jax.evaluate.runs import scored_rounds
    from asc_jax.evaluate.tables import comparison_table

    print_tables(comparison_table(comparisons_of([scored_rounds(run)[-1] for run in options.runs])))


def report(options: Report) -> None:
    """Write a page that explains a run, its figures as PNG and PDF, and the same for TensorBoard."""
    from asc_jax.report.page import write_report
    from asc_jax.report.run import open_run
    from asc_jax.report.tensorboard import write_images

    run = open_run(options.run)
    page = write_report(run, lambda figures: tracked(figures, "drawing"))
    write_images(run, page)
    print(page)


def card(options: Card) -> None:
    """Write a model card: data, training, scores with their intervals, limits, licences."""
    from asc_jax.report.card import write_card
    from asc_jax.report.run import open_run

    print(write_card(open_run(options.run)))


def print_rounds(rounds: "list[FinishedRound]") -> None:
    """Prints the table of a run's finished rounds."""
    from asc_jax.evaluate.evaluation import evaluate as evaluation_of
    from asc_jax.evaluate.tables import pseudo_labels_line, rounds_table

    print_tables(rounds_table([evaluation_of(each) for each in rounds]))
    for line in filter(None, map(pseudo_labels_line, rounds)):
        print(line)

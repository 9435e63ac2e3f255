"""The command from recordings to a tested classifier: asc-jax train RECORDINGS --out RUN."""

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from asc_jax.cli.calibrate import calibrate_once
from asc_jax.cli.data import prepared
from asc_jax.cli.printing import print_tables
from asc_jax.cli.ranges import check
from asc_jax.cli.runs import Evaluation, Report, evaluate, report
from asc_jax.cli.training import Training, records_of, run_rounds, use_compilation_cache
from asc_jax.config import CONFIG, UNLABELLED, VALIDATION, Experiment, Phase, Round, Synthesis, rounds
from asc_jax.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from asc_jax.data.records import Records

LONGEST = 10.0  # seconds of a clip, where no length is given
FEW = 0.05  # share of the recordings, at least one, that may be shorter than a clip, and then start over
SYNTHESIS_STEPS = 400  # of 96 pairs of 1 s: 77 thousand sounds (experiments/README.md has what they bring)
SHOWN = 3  # bad recordings that are named
SECONDS_PER_CORE = 60.0  # of sound that a core trains on in a second, roughly
SCORING = 1 / 8  # of the time that a clip takes in training: what it takes to predict it
ALWAYS = 60.0  # seconds that starting, compiling, testing and the report take, roughly


@dataclasses.dataclass(frozen=True)
class TrainOptions:
    """Recordings, and how they become a classifier."""

    recordings: tyro.conf.Positional[str]
    """A list (filename, scene_label, ...) or a folder with a sub-folder for each scene (data_prep/README.md)."""
    out: str
    """Folder of the new run."""
    seconds: float | None = None
    """Length of a clip (default: that of the shortest recordings, at most 10 s)."""
    skip_bad: bool = False
    """Leave bad recordings out; without it they are reported, and nothing is trained."""
    split: str | None = None
    """What is tested: session, city, device or a column of the list (default: the list's own, else unseen sessions)."""
    test_fold: str | None = None
    """What the split keeps for the test: the number of a fold of sessions, a city or a device."""
    cross_validate: Literal["session", "device", "city"] | None = None
    """Train and test once for each fold of the sessions, or each device or city, and score all tests together."""
    pretrain: bool = False
    """Pretrain anew on synthesised sounds (15 minutes on 2 cores) in place of starting from the shipped weights."""
    start: str | None = None
    """Start from a run of your own, or from one of its rounds, in place of the shipped weights."""
    seed: int = 0
    """Seed of initialisation, data order and augmentation."""
    dry_run: bool = False
    """Stop after the plan."""


def train(options: TrainOptions) -> None:
    """Train a classifier on your recordings, test it, and write its report: all phases in one command."""
    use_compilation_cache()
    if options.cross_validate:
        _cross_validate(options, options.cross_validate)
    elif _trained(_experiment(options), options.dry_run):
        evaluate(Evaluation(Path(options.out)))
        report(Report(Path(options.out)))


def _trained(experiment: Experiment, dry_run: bool) -> bool:
    """Prints the plan, and trains unless that is all that was requested."""
    records = _records(experiment)
    experiment, commands = _fitted(experiment, records)
    print(_plan(experiment, commands, records))
    print_tables(_clips_table(records))
    for command in [] if dry_run else commands:
        run_rounds(command, Training(experiment, getattr(experiment, command)))
    if _validated(records) and not dry_run:
        calibrate_once(Path(experiment.folder))
    return not dry_run


def _validated(records: "Records") -> int:
    """How many labelled clips are in the validation split."""
    return int(records.clips.table["label"][records.splits == VALIDATION].ne("").sum())


def _cross_validate(options: TrainOptions, split: str) -> None:
    """Trains a run for each fold, in a folder of its own, and scores all of their tests together."""
    from asc_jax.data.splits import folds
    from asc_jax.evaluate.evaluation import cross_validated, write_json
    from asc_jax.evaluate.runs import read_run
    from asc_jax.evaluate.tables import groups_tables, rounds_table

    if options.split or options.test_fold:
        raise UserError("--cross-validate tests every fold; leave out --split and --test-fold")
    if any(Path(options.out).glob(f"*/{CONFIG}")):
        raise UserError(f"--out {options.out}: holds a run; choose another folder for those of --cross-validate")
    runs, experiment = [], _experiment(options)
    for fold in folds(prepared("clips", options.recordings, experiment), split):
        out = Path(options.out) / f"{split}-{fold}"
        of_fold = {"name": out.name, "workdir": str(out), "split": split, "test_fold": fold}
        if _trained(dataclasses.replace(experiment, **of_fold), options.dry_run):
            runs.append(read_run(out)[-1])
    if runs:
        evaluation = cross_validated(runs, split)
        print_tables(*groups_tables(evaluation), rounds_table([evaluation]))
        write_json(Path(options.out) / "scores.json", [evaluation])
        print(Path(options.out) / "scores.json")


def _experiment(options: TrainOptions) -> Experiment:
    """The recipe for few labels on these recordings, which are opened to find the length of the clips."""
    from data_prep.lengths import lengths
    from experiments.few_labels import experiment

    seconds, fit = options.seconds, "start"
    if seconds is None:
        found = lengths(options.recordings) or [LONGEST]  # what cannot be opened is reported as it is prepared
        seconds = clip_length(found)
        fit = "repeat" if found[0] < seconds else fit
    if options.start and Path(options.start).absolute() == Path(options.out).absolute():
        raise UserError(f"--start {options.start}: is the run that --out names; choose another folder for the new one")
    if options.pretrain and options.start:
        raise UserError(
            f"--start {options.start}: starts from that run, so nothing is pretrained; leave out --pretrain"
        )
    source = {"source": "synthesis", "synthesis": Synthesis(steps=SYNTHESIS_STEPS)} if options.pretrain else {}
    return dataclasses.replace(
        experiment,
        name=Path(options.out).name,
        clips=options.recordings,
        seconds=seconds,
        fit=fit,
        skip_bad=options.skip_bad,
        split=options.split,
        test_fold=options.test_fold,
        start=options.start,
        seed=options.seed,
        workdir=options.out,
        **source,
    )


def clip_length(lengths: list[float]) -> float:
    """The length of clips in seconds for recordings of these lengths, shortest first.

    Half seconds, from 1 to LONGEST, that all recordings but FEW reach.
    """
    reached = lengths[min(max(1, int(FEW * len(lengths))), len(lengths) - 1)]
    return min(LONGEST, max(1.0, math.floor(2 * reached) / 2))


def _records(experiment: Experiment) -> "Records":
    check(experiment, experiment.pseudolabel)
    (tested,) = rounds(experiment, "scratch")
    return records_of(experiment, tested)


def _fitted(experiment: Experiment, records: "Records") -> tuple[Experiment, list[str]]:
    """The experiment with batches that its clips fill, and the commands that there are clips for."""
    from asc_jax.devices import use_cores
    from asc_jax.train.rounds import check_folders, check_round

    unlabelled = int((records.splits == UNLABELLED).sum())
    labelled = len(records.split("train"))
    finetuned = bool(experiment.start) or not unlabelled
    needed = {"pretrain": not experiment.start, "finetune": finetuned, "pseudolabel": unlabelled > 0}
    commands = [command for command, is_needed in needed.items() if is_needed]
    phases = {
        "pretrain": _with_batches(experiment.pretrain, labelled),
        "finetune": _with_batches(experiment.finetune, labelled),
        "pseudolabel": _with_batches(experiment.pseudolabel, labelled + unlabelled),
    }
    experiment = dataclasses.replace(experiment, finetune_rounds=int(finetuned), **phases)
    use_cores(min(phase.batch_size for phase in phases.values()))  # a power of two, so all of them can be shared
    for command in commands:
        check(experiment, getattr(experiment, command))
        for round_ in rounds(experiment, command):
            check_round(round_, records)
            check_folders(experiment, round_, records)
    return experiment, commands


def _with_batches(phase: Phase, clips: int) -> Phase:
    """The phase with the largest power of two as its batch that is no more than its own, or the clips."""
    return dataclasses.replace(phase, batch_size=max(2, 1 << (min(phase.batch_size, clips).bit_length() - 1)))


def _plan(experiment: Experiment, commands: list[str], records: "Records") -> str:
    """What will be done, with the time that it takes roughly, and what is missing: a sentence or a few."""
    from asc_jax.devices import cores
    from asc_jax.evaluate.calibrate import LEAST
    from data_prep.faults import left_out

    clips = f"{len(records.clips):,} clips of {experiment.seconds:g} s"
    clips += ", shorter recordings start over" if experiment.fit == "repeat" else ""
    if bad := [fault.id for fault in left_out(records.path)]:
        named = ", ".join(bad[:SHOWN]) + (", ..." if len(bad) > SHOWN else "")
        clips += f", {len(bad):,} bad recordings left out ({named})"
    sentences = [f"{clips}; tested is {records.split_by.rpartition(' (')[0]}."]
    planned = [each for command in commands for each in rounds(experiment, command)]
    left = [each for each in planned if not experiment.predictions(each.name).exists()]
    seconds = sum(_clip_seconds(experiment, each, records) for each in left) / SECONDS_PER_CORE / cores()
    minutes = max(1, round((ALWAYS + seconds) / 60))
    sentences.append(f"About {minutes} min without a GPU." if left else "All of it is finished.")
    tested = set(records.split("test").column("label"))
    if validated := _validated(records):
        few = f": too few, it needs {LEAST}" if validated < LEAST else ""
        sentences.append(f"The confidence is {'not ' if few else ''}calibrated on {validated} validation clips{few}.")
    if untested := [scene for scene in records.scenes if scene not in tested]:
        sentences.append(f"Not tested: {', '.join(untested)} (--cross-validate session tests every labelled clip).")
    return f"{experiment.folder}: {', '.join(commands)}. {' '.join(sentences)}"


def _clips_table(records: "Records") -> "Table":
    """How many clips of each scene are for training, for validation and for the test."""
    from rich.table import Table

    table = Table()
    table.add_column("scene")
    splits = {"training": "train", **({VALIDATION: VALIDATION} if (records.splits == VALIDATION).any() else {})}
    splits["test"] = "test"
    for name in splits:
        table.add_column(f"{name} clips", justify="right")
    labels = records.clips.table["label"]
    for scene in records.scenes:
        counts = (int(((records.splits == split) & (labels == scene)).sum()) for split in splits.values())
        table.add_row(scene, *map(str, counts))
    table.add_row("(not labelled)", str(int((records.splits == UNLABELLED).sum())))
    return table


def _clip_seconds(experiment: Experiment, round_: Round, records: "Records") -> float:
    """Seconds of sound that a round trains on, and SCORING of those that it is scored on after every epoch."""
    if round_.synthesis:
        return 2 * round_.synthesis.pairs * round_.synthesis.seconds * round_.synthesis.steps
    if round_.shipped:
        return 0.0
    batch, validation = round_.phase.batch_size, int((records.splits == VALIDATION).sum())
    steps = len(records.split(*round_.splits)) // batch
    epochs = max(round_.phase.epochs, -(-round_.phase.steps // steps))
    return epochs * (steps * batch + SCORING * validation) * experiment.seconds

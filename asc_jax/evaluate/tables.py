"""The printed tables: one row per round, the groups of one round, and comparisons."""

import math

import pandas
from rich.table import Table

from asc_jax.evaluate.compare import Comparison
from asc_jax.evaluate.evaluation import RELEASED, Evaluation
from asc_jax.evaluate.runs import FinishedRound
from asc_jax.evaluate.scores import Interval
from asc_jax.evaluate.unknown import Detection

IN_PERCENT = ("accuracy", "macro accuracy", "calibration error", RELEASED)


def rounds_table(evaluations: list[Evaluation]) -> Table:
    """A row of scores for each round."""
    table = Table("round", "test set", title="Test, margin-free; in brackets the 95 % interval over sessions")
    names = list(evaluations[0].scores)
    for name in ("clips", "sessions", *(f"{name} in %" if name in IN_PERCENT else name for name in names)):
        table.add_column(name, justify="right")
    for each in evaluations:
        test_set = each.data.split("/")[0]
        shown = (score(name, each.scores[name]) for name in names)
        table.add_row(each.round, test_set, str(each.clips), str(each.sessions), *shown)
    return table


def scores_frame(evaluations: list[Evaluation]) -> pandas.DataFrame:
    """A row for each round, by its name: clips, sessions, and each score, with "SCORE, low" and "SCORE, high"."""
    rows = {}
    for each in evaluations:
        rows[each.round] = {"clips": each.clips, "sessions": each.sessions}
        for name, score in each.scores.items():
            rows[each.round] |= {name: score.value, f"{name}, low": score.low, f"{name}, high": score.high}
    return pandas.DataFrame.from_dict(rows, orient="index").rename_axis("round")


def pseudo_labels_line(round_: FinishedRound) -> str | None:
    """How many pseudo-labels are right, before and after the round that learned from them, if their truth is known."""
    if round_.pseudo_labels is None or round_.relabelled is None or not round_.pseudo_labels["truth"].ne("").any():
        return None
    known = [table[table["truth"].ne("")] for table in (round_.pseudo_labels, round_.relabelled)]
    before, after = (100 * table["scene"].eq(table["truth"]).mean() for table in known)
    return f"{round_.name}: {before:.1f} % of {len(known[0])} pseudo-labels are right before it, {after:.1f} % after it"


def groups_tables(evaluation: Evaluation) -> list[Table]:
    """Accuracy per scene, device and city of one round, each where the test set names more than one."""
    tables = []
    for kind, groups in evaluation.groups.items():
        table = Table(kind, title=f"{evaluation.round}, {kind}")
        for name in ("clips", "sessions", "accuracy in %"):
            table.add_column(name, justify="right")
        for name, group in groups.items():
            table.add_row(name, str(group.clips), str(group.sessions), score("accuracy", group.accuracy))
        tables.append(table)
    return tables


def score(name: str, interval: Interval) -> str:
    """A score with its interval, such as "58.0 [52.1, 63.4]"."""
    scale, digits = (100, 1) if name in IN_PERCENT else (1, 3)
    value, low, high = (f"{scale * each:.{digits}f}" for each in (interval.value, interval.low, interval.high))
    return value if math.isnan(interval.low) else f"{value} [{low}, {high}]"


def detection_table(round_: str, detection: Detection) -> Table:
    """How well unknown clips are separated from known ones, which are the positive class."""
    title = f"{round_}: clips of its scenes (positive) and of others, by the energy score"
    table = Table("known", "unknown", title=title)
    for name in ("AUROC in %", "FPR at 95 % TPR in %", "known called unknown in %", "unknown called unknown in %"):
        table.add_column(name, justify="right")
    shares = (detection.known_called_unknown, detection.unknown_called_unknown)
    table.add_row(
        *map(str, (detection.known, detection.unknown)),
        *(score("accuracy", each) for each in (detection.auroc, detection.false_positives)),
        *("" if share is None else f"{100 * share:.1f}" for share in shares),
    )
    return table


def comparison_table(comparisons: list[Comparison]) -> Table:
    """A row for each comparison; differences are in points of accuracy."""
    level = f"{100 * comparisons[0].level:.3g} %"
    table = Table(
        "compared", title=f"Difference in accuracy, in points; in brackets the {level} interval over sessions and seeds"
    )
    table.add_column("accuracy in %", justify="right")
    table.add_column("difference", justify="right")
    table.add_column("McNemar's p", justify="right")
    table.add_column("so")
    for each in comparisons:
        p = "" if each.mcnemar is None else f"{each.mcnemar:.2g}"
        accuracies = "\n".join(f"{100 * value:.1f}" for value in each.accuracies)
        table.add_row(
            f"{each.first}\n{each.second}",
            accuracies,
            f"\n{score('accuracy', each.difference)}",
            f"\n{p}",
            each.verdict,
        )
    return table

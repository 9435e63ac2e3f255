"""Soft labels: the distributions over the scenes that teachers, runs or tables of anybody's model, give clips."""

import io
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas
from scipy.special import softmax

from asc_jax.config import PREDICTIONS
from asc_jax.data.records import Clips, Records
from asc_jax.errors import UserError
from asc_jax.evaluate.calibration import NOT_CALIBRATED
from asc_jax.evaluate.predict import predict
from asc_jax.evaluate.predict import to_csv as predictions_to_csv
from asc_jax.evaluate.runs import FinishedRound, read_run
from asc_jax.net.arcface import SCALE
from asc_jax.net.frontend import RATE
from asc_jax.train.trained import load
from asc_jax.typed import AnyPath

ROUNDING = 1e-2  # by which the probabilities of a clip may miss a sum of 1


def soft_labels(teachers: Sequence[str], temperature: float, clips: Clips, batch_size: int) -> pandas.DataFrame:
    """The mean of the teachers' distributions: index id, a column for each of the clips' scenes.

    Each teacher is a run's or round's folder, or a table (see `read_table`). A clip that only some of them know has the
    mean of theirs; one that none knows has no row. UserError where a teacher does not fit.
    """
    found = []
    for teacher in teachers:
        place = Path(teacher)
        logits = _of_run(place, clips, batch_size) if place.is_dir() else read_table(place, clips.scenes)
        logits = _of_these(teacher, logits, clips)
        found.append(pandas.DataFrame(softmax(logits / temperature, axis=1), logits.index, logits.columns))
    return pandas.concat(found).groupby(level=0).mean()


def check(teachers: Sequence[str], records: Records, clips: Clips) -> None:
    """UserError where a teacher does not fit these clips of the records, before anything is trained or predicted."""
    for teacher in teachers:
        place = Path(teacher)
        if place.is_dir():
            _check_split(teacher, _fitting_round(place, clips).settings, records)
        else:
            _of_these(teacher, read_table(place, clips.scenes), clips)


def _check_split(teacher: str, settings: dict, records: Records) -> None:
    """UserError if the teacher was trained on another split of the same clips, so on some of those tested here."""
    if settings["data"] == records.identity and settings["split"] != records.split_by:
        raise UserError(
            f"--teachers {teacher}: it was trained on another split of these clips ({settings['split']}, not "
            f"{records.split_by}), so on some that are tested here: train it with the same --split and --test-fold"
        )


def _of_these(teacher: str, logits: pandas.DataFrame, clips: Clips) -> pandas.DataFrame:
    """Those of the clips; UserError if there are none."""
    logits = logits[logits.index.isin(clips.column("id"))]
    if logits.empty:
        raise UserError(
            f"--teachers {teacher}: knows none of the clips, such as {clips.column('id')[0]}; "
            "name another, or leave --teachers out of this command"
        )
    return logits


def read_table(file: Path, scenes: Sequence[str]) -> pandas.DataFrame:
    """The logits of a table `id, SCENE, SCENE, ...`: index id, a column for each of `scenes`.

    Probabilities become their logarithms: a table where most rows sum to 1, or no number is below 0, is of these.
    UserError names what does not fit.
    """
    table = _read_words(file, scenes)
    numbers = table[list(scenes)].apply(pandas.to_numeric, errors="coerce").astype(float)
    rows, columns = np.nonzero(~np.isfinite(numbers.to_numpy()))
    if rows.size:
        scene, name = scenes[columns[0]], table.index[rows[0]]
        raise UserError(f"--teachers {file}: {table[scene].iloc[rows[0]]!r} (id {name}, {scene}) is no finite number")
    least, total = numbers.min(axis=1), numbers.sum(axis=1)
    missed = (total - 1).abs()
    if missed.median() > ROUNDING and (least < 0).any():
        return numbers
    for name in numbers.index[(least < 0) | (missed > ROUNDING)]:
        found = f"has {least[name]:.4g}" if least[name] < 0 else f"sums to {total[name]:.4g}, not to 1"
        raise UserError(
            f"--teachers {file}: id {name} {found}: give the probabilities of {', '.join(scenes)}, or their logarithms"
        )
    return pandas.DataFrame(np.log(numbers.clip(lower=1e-9)), numbers.index, numbers.columns)


def _read_words(file: Path, scenes: Sequence[str]) -> pandas.DataFrame:
    """The cells as they are written: index id, unique; UserError without a column for each of `scenes`."""
    try:
        rows = pandas.read_csv(file, header=None, dtype=str, keep_default_na=False, skipinitialspace=True)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).splitlines()[0]
        raise UserError(f"--teachers {file}: is no table that can be read ({reason})") from error
    header = [name.removeprefix("\ufeff").strip() for name in rows.iloc[0]]
    required = ("id", *scenes)
    for what, names in (
        ("no column", [name for name in required if name not in header]),
        ("two columns", [name for name in required if header.count(name) > 1]),
    ):
        if names:
            raise UserError(
                f"--teachers {file}: has {what} {', '.join(names)}; its first line must be {','.join(required)}"
            )
    table = rows[1:].set_axis(header, axis=1).set_index("id")
    if table.index.has_duplicates:
        raise UserError(f"--teachers {file}: id {table.index[table.index.duplicated()][0]} has two rows; leave one")
    return table


def _of_run(folder: Path, clips: Clips, batch_size: int) -> pandas.DataFrame:
    net, scenes, variables = load(_fitting_round(folder, clips).folder)
    cosine = predict(net, variables, clips, batch_size)[0].cosine
    return pandas.DataFrame(SCALE * cosine, clips.column("id"), list(scenes))[list(clips.scenes)]


def _fitting_round(folder: Path, clips: Clips) -> FinishedRound:
    """The last round of a run; UserError if its clips have another length, or its scenes are others."""
    round_ = read_run(folder)[-1]
    if round_.settings["samples"] != clips.samples:
        its, ours = (samples / RATE for samples in (round_.settings["samples"], clips.samples))
        raise UserError(
            f"--teachers {folder}: its clips have {its:g} s, not {ours:g}: train one with --seconds {ours:g}"
        )
    scenes = round_.settings["scenes"]
    if set(scenes) != set(clips.scenes):
        raise UserError(f"--teachers {folder}: its scenes are {', '.join(scenes)}, not {', '.join(clips.scenes)}")
    return round_


def fingerprint(teacher: str) -> str:
    """Of a table, or of a run's predictions: its name alone would not tell that it was exchanged.

    A calibration, of which soft labels make no use, does not change it.
    """
    place = Path(teacher)
    try:
        if place.is_dir():
            round_ = read_run(place)[-1]
            if round_.calibration != NOT_CALIBRATED:
                as_tested = predictions_to_csv(replace(round_.tested, calibration=NOT_CALIBRATED))
                return f"{zlib.crc32(as_tested.encode()):08x}"
            place = round_.folder / PREDICTIONS
        return f"{zlib.crc32(place.read_bytes()):08x}"
    except OSError as error:
        raise UserError(f"--teachers {teacher}: {error.strerror}; name a run or a table") from error


def to_csv(labels: pandas.DataFrame) -> str:
    """One row a clip: its id and the probability of every scene."""
    return labels.to_csv(index_label="id", float_format="%.6g", lineterminator="\n")


def read_csv(file: AnyPath) -> pandas.DataFrame:
    """What `to_csv` wrote."""
    return pandas.read_csv(io.StringIO(file.read_text()), dtype={"id": str}, keep_default_na=False).set_index("id")


def targets(clips: Clips, labels: pandas.DataFrame, weight: float) -> dict[str, np.ndarray]:
    """The clips' soft targets: {soft_label float32 [M, scenes]}, times their weight; zeros without a teacher."""
    rows = labels.reindex(clips.column("id")).fillna(0)
    return {"soft_label": (weight * rows.to_numpy()).astype(np.float32)}

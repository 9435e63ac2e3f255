"""The calibration of a trained round: the clips that it is fitted on, and where it is kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from asc_jax.config import PREDICTIONS, VALIDATION
from asc_jax.data.splits import reopen_records
from asc_jax.errors import UserError
from asc_jax.evaluate.calibrate import Fit, write_fit
from asc_jax.evaluate.predict import Predictions, joined, predict, to_csv
from asc_jax.evaluate.runs import FinishedRound, read_run
from asc_jax.train import claims
from asc_jax.train.trained import load

BATCH = 32  # clips at once


def held_out(round_: FinishedRound, on: Path | None) -> tuple[Predictions, str]:
    """Predictions of clips of known scenes whose sessions training left out, and what they are in words.

    They are the round's of its validation split, or (`on`, a run or the folder of a cross-validation) those that other
    rounds like it were tested on, without the clips that this round is tested on. UserError where there are none.
    """
    predictions, clips = _validated(round_) if on is None else _cross_validated(round_, on)
    chosen = (predictions.truth >= 0) & ~np.isin(predictions.details["id"], round_.tested.details["id"])
    if not chosen.any():
        raise UserError(
            f"{clips}: no clip of a known scene is left beside those that {round_.folder} is tested on, "
            "to which nothing may be fitted; name runs that were tested on others with --on"
        )
    return predictions.subset(chosen), clips


def keep(round_: FinishedRound, fit: Fit) -> None:
    """Keeps a calibration in the round's folder, where all that shows its predictions finds it."""
    write_fit(round_.folder, fit)
    calibrated = replace(round_.tested, calibration=fit.calibration)
    claims.write_text(round_.folder / PREDICTIONS, to_csv(calibrated))


def _validated(round_: FinishedRound) -> tuple[Predictions, str]:
    """The round's own predictions of its validation split, as far as its sessions are not in training."""
    if round_.records is None:
        raise UserError(
            f"{round_.folder}: its records are not at hand ({round_.config['records'] or 'imported without'}); "
            "name runs that were tested on other clips with --on"
        )
    records = reopen_records(round_.records, round_.settings["split"])
    if not (records.splits == VALIDATION).any():
        raise UserError(
            f"{round_.folder}: its list has no split '{VALIDATION}' to calibrate on; cross-validate without the test "
            "clips (asc-jax train LIST --cross-validate session --out OTHER), and say --on OTHER"
        )
    clips, trained = records.split(VALIDATION), records.split(*round_.settings["round"]["splits"])
    shared = clips.table["session"].ne("") & clips.table["session"].isin(trained.table["session"])
    if shared.all():
        raise UserError(f"{round_.folder}: every session of its split '{VALIDATION}' is in training, too; list others")
    clips = replace(clips, table=clips.table[~shared])
    net, _, variables = load(round_.folder)
    return predict(net, variables, clips, BATCH)[0], f"the split {VALIDATION}"


def _cross_validated(round_: FinishedRound, folder: Path) -> tuple[Predictions, str]:
    """The tests of a run's last round, or of each run's in a folder; UserError where these are unlike `round_`."""
    runs = sorted({file.parents[1] for file in folder.glob(f"*/*/{PREDICTIONS}")})
    rounds = [read_run(run)[-1] for run in runs or [folder]]
    for each in rounds:
        for name, ours, theirs in (
            ("scenes", *(other.settings["scenes"] for other in (round_, each))),
            ("samples of a clip", *(other.settings["samples"] for other in (round_, each))),
            ("command", *(other.command for other in (round_, each))),
            ("networks", *(len(other.settings.get("members", [0])) for other in (round_, each))),
        ):
            if ours != theirs:
                raise UserError(f"--on {folder}: {name} of {each.folder}: {theirs}, but of {round_.folder}: {ours}")
        if each.leak.same_session:
            raise UserError(
                f"--on {folder}: {each.leak.same_session} test clips of {each.folder} share a session with its "
                "training; use --cross-validate session"
            )
    return joined([each.predictions for each in rounds]), f"the tests of {folder}"

"""Finished rounds, as their folders tell them."""

import json
import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas

from asc_jax.config import (
    COMMANDS,
    CONFIG,
    INTERMEDIATES,
    METRICS,
    PREDICTIONS,
    PSEUDO_LABELS,
    RELABELLED,
    VALIDATION,
)
from asc_jax.data.leaks import FILES, Leak, read_leak
from asc_jax.data.records import Clips, read_clips
from asc_jax.errors import UserError
from asc_jax.evaluate.calibration import Calibration, read_calibration
from asc_jax.evaluate.predict import Intermediates, Predictions, read_csv, read_intermediates
from asc_jax.net.options import Network
from asc_jax.older import renamed
from asc_jax.typed import AnyPath


@dataclass(frozen=True)
class FinishedRound:
    """One trained and tested network; what its folder may lack is None."""

    folder: AnyPath

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def config(self) -> dict:
        """The settings, versions, device and place of the records."""
        return renamed(json.loads((self.folder / CONFIG).read_text()))

    @property
    def settings(self) -> dict:
        return self.config["settings"]

    @property
    def command(self) -> str:
        return self.settings["round"]["command"]

    @property
    def trained_on(self) -> str:
        """The splits that it learned from, or that these were no recordings."""
        this = self.settings["round"]
        sounds = this.get("synthesis") or this.get("shipped")
        return "synthesised sounds" if sounds else " and ".join(this["splits"])

    @property
    def schedule(self) -> dict:
        """The phase that trained it; empty values where nothing was trained, as in an ensemble."""
        untrained = "members" in self.settings or self.settings["round"].get("shipped")
        phase = self.settings["round"]["phase"]
        return dict.fromkeys(phase, "") if untrained else phase

    @property
    def started_from(self) -> str:
        """Where its weights come from."""
        if members := self.settings.get("members"):
            return f"the mean of {len(members)} networks"
        if self.settings["round"].get("shipped"):
            return "the shipped weights"
        return self.settings["round"]["start"] or "fresh weights"

    @cached_property
    def calibration(self) -> Calibration:
        """How its cosines are read."""
        return read_calibration(self.folder)

    @cached_property
    def tested(self) -> Predictions:
        """Of all tested clips, as `intermediates` has them."""
        return replace(read_csv(self.folder / PREDICTIONS), calibration=self.calibration)

    @cached_property
    def predictions(self) -> Predictions:
        """Of the tested clips whose scene is known."""
        known = self.tested.truth >= 0
        if not known.any():
            raise UserError(f"{self.folder / PREDICTIONS}: the scene of no clip is known, so nothing can be scored")
        return self.tested.subset(known)

    @cached_property
    def intermediates(self) -> Intermediates | None:
        return read_intermediates(self.folder / INTERMEDIATES) if (self.folder / INTERMEDIATES).exists() else None

    @cached_property
    def leak(self) -> Leak:
        return read_leak(self.folder)

    @cached_property
    def validation_leak(self) -> Leak | None:
        """The leak check of the validation clips, if it was scored on such after every epoch."""
        return read_leak(self.folder, VALIDATION) if (self.folder / FILES[VALIDATION]).exists() else None

    @cached_property
    def metrics(self) -> pandas.DataFrame | None:
        """A row for each epoch."""
        table = self._table(METRICS)
        return None if table is None else table.apply(pandas.to_numeric)

    @cached_property
    def pseudo_labels(self) -> pandas.DataFrame | None:
        """A row for each unlabelled clip, if the round learned from such."""
        return self._table(PSEUDO_LABELS)

    @cached_property
    def relabelled(self) -> pandas.DataFrame | None:
        """Predictions for the same clips by the round's own network after training."""
        return self._table(RELABELLED)

    @cached_property
    def recordings(self) -> Clips | None:
        """All clips of the data set that it was tested on, if the records are at hand."""
        return read_clips(self.records)[0] if self.records else None

    @cached_property
    def records(self) -> Path | None:
        """The folder of these records: where they were, or, if all has moved, in the same place beside the run or here.

        The name of that folder has a hash of what is in it.
        """
        if not self.config["records"]:  # of imported weights that were not tested
            return None
        stored, run = Path(self.config["records"]), Path(os.path.abspath(self.folder))
        same = Path(*stored.parts[-4:])  # DATA_DIR/NAME/SECONDSs-HASH/VERSION
        places = [stored, same, *(above / same for above in run.parents)]
        return next((place.absolute() for place in places if place.exists()), None)

    def _table(self, name: str) -> pandas.DataFrame | None:
        texts = {name: str for name in ("id", "scene", "truth")}
        file = self.folder / name
        return pandas.read_csv(file, dtype=texts, keep_default_na=False) if file.exists() else None


def read_run(folder: AnyPath) -> list[FinishedRound]:
    """The finished rounds of a run's folder in the order of COMMANDS, or the one of a round's folder."""
    folders = [folder] if (folder / CONFIG).exists() else [file.parent for file in folder.glob(f"*/{CONFIG}")]
    rounds = [FinishedRound(each) for each in folders if (each / PREDICTIONS).exists()]
    if not rounds:
        raise UserError(f"{folder}: {_no_run(folder)}")
    return sorted(rounds, key=_place)


def _place(round_: FinishedRound) -> tuple:
    """Of a round in its run: those from fresh weights are the first of their command."""
    started = round_.settings["round"]["start"] is not None
    return COMMANDS.index(round_.command), started, len(round_.name), round_.name


def _no_run(folder: AnyPath) -> str:
    """Why there is nothing finished in a folder, and what to name instead."""
    if not folder.exists():
        return "there is no such run; name the folder of a run, such as runs/demo"
    if not folder.is_dir():
        return "is a file, no run; name the folder of a run first"
    if (folder / CONFIG).exists():
        return "this round has not finished; repeat the command that began it"
    if below := sorted({file.parent.parent.name for file in folder.glob(f"*/*/{PREDICTIONS}")}):
        return f"is no run, but the runs {', '.join(below[:5])} lie in it; name one of them"
    return f"no round has finished; run 'asc-jax pretrain EXPERIMENT --workdir {folder}' first"


def scored_rounds(folder: AnyPath) -> list[FinishedRound]:
    """Those of `read_run` that were tested: imported weights may not have been."""
    rounds = [each for each in read_run(folder) if len(each.tested.truth)]
    if not rounds:
        raise UserError(f"{folder}: its weights were imported and never tested; import them with --records")
    return rounds


def networks(settings: dict) -> list[Network]:
    """The network of a round with these settings, or those of its ensemble."""
    kept = settings["network"]
    return [Network(**each) for each in (kept if isinstance(kept, list) else [kept])]


def start_of(run: AnyPath, start: str) -> AnyPath:
    """The folder of the round that another starts from: one of the same run, or (a path) the last of another run."""
    return read_run(type(run)(start))[-1].folder if "/" in start else run / start


def ancestors(round_: FinishedRound) -> list[FinishedRound]:
    """A round and those whose weights it descends from, as far as they are there; those of an ensemble's members, too.

    Of a round that was copied under another name, what it started from is not known here.
    """
    members = [FinishedRound(round_.folder.parent / each) for each in round_.settings.get("members", ())]
    found = [round_, *(other for each in members if (each.folder / PREDICTIONS).exists() for other in ancestors(each))]
    if members:
        return found
    while (start := found[-1].settings["round"]["start"]) and found[-1].settings["round"]["name"] == found[-1].name:
        try:
            before = start_of(found[-1].folder.parent, start)
        except UserError:  # the run elsewhere is gone
            break
        if not (before / PREDICTIONS).exists() or any(before == other.folder for other in found):
            break
        found.append(FinishedRound(before))
    return found

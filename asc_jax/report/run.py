"""What a report is drawn from."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from asc_jax.data.records import Clips, read_clips
from asc_jax.evaluate.evaluation import Evaluation, evaluate
from asc_jax.evaluate.runs import FinishedRound, scored_rounds


class Missing(Exception):
    """Raised for a part of the report that the run lacks; it says what is missing, and what would bring it."""


@dataclass(frozen=True)
class Run:
    """The finished rounds of a run; `recordings` are None where the records are not at hand."""

    folder: Path
    rounds: list[FinishedRound]

    @cached_property
    def evaluations(self) -> list[Evaluation]:
        return [evaluate(each) for each in self.rounds]

    @property
    def last(self) -> FinishedRound:
        return self.rounds[-1]

    @cached_property
    def recordings(self) -> Clips | None:
        """The clips of the data set that the last round was tested on."""
        folder = self.last.config["records"]
        return read_clips(Path(folder))[0] if folder and Path(folder).exists() else None

    def last_of(self, command: str) -> FinishedRound:
        """The last finished round of a command."""
        for each in reversed(self.rounds):
            if each.command == command:
                return each
        raise Missing(f"no {command} round has finished; 'make {command}' runs it.")


def open_run(folder: Path) -> Run:
    """A run's folder, or that of one of its rounds."""
    return Run(folder, scored_rounds(folder))

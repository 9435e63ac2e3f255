"""What a report is drawn from."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from asc_jax.evaluate.evaluation import Evaluation, evaluate
from asc_jax.evaluate.runs import FinishedRound, scored_rounds


class Missing(Exception):
    """Raised for a part of the report that the run lacks; it says what is missing, and what would bring it."""


@dataclass(frozen=True)
class Run:
    """The tested rounds of a run."""

    folder: Path
    rounds: list[FinishedRound]

    @cached_property
    def evaluations(self) -> list[Evaluation]:
        return [evaluate(each) for each in self.rounds]

    @property
    def last(self) -> FinishedRound:
        return self.rounds[-1]

    def last_of(self, command: str) -> FinishedRound:
        """The last finished round of a command."""
        for each in reversed(self.rounds):
            if each.command == command:
                return each
        raise Missing(f"no {command} round has finished; 'make {command}' runs it, if the experiment has one.")


def filled(rows: list[dict[str, str]]) -> list[str]:
    """The columns of a table that are not empty in every row."""
    return [name for name in rows[0] if any(row[name] for row in rows)]


def open_run(folder: Path) -> Run:
    """A run's folder, or that of one of its rounds."""
    return Run(folder, scored_rounds(folder))

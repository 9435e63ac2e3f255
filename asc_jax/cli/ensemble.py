"""The command that makes one run of several: asc-jax ensemble RUN... --out PLACE."""

import dataclasses
from pathlib import Path

import tyro

from asc_jax.errors import UserError


@dataclasses.dataclass(frozen=True)
class EnsembleOptions:
    """Runs tested on the same clips, and the run that they become."""

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Folders of runs (their last finished round is taken) or of rounds."""
    out: Path
    """Folder of the new run: its round `ensemble`, which predict, evaluate, report and export take like any other."""


def ensemble(options: EnsembleOptions) -> None:
    """Make one run of several: the mean of their cosines, at the cost of all."""
    from asc_jax.cli.runs import print_rounds
    from asc_jax.deploy.ensembles import write_ensemble
    from asc_jax.evaluate.runs import read_run

    if len({run.resolve() for run in options.runs}) < max(2, len(options.runs)):
        raise UserError("an ensemble needs two runs or more, each once: asc-jax ensemble RUN RUN --out PLACE")
    folder = options.out / "ensemble"
    if folder.exists():
        raise UserError(f"{folder} exists: remove it, or choose another --out")
    write_ensemble(list(options.runs), folder)
    if len(read_run(folder)[0].tested.truth):
        print_rounds(read_run(folder))
    print(folder)

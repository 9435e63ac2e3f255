"""The commands on PyTorch's weights: asc-jax import-weights FILE, asc-jax export-weights RUN."""

import dataclasses
from pathlib import Path

import tyro

from asc_jax.cli.spelling import check_word


@dataclasses.dataclass(frozen=True)
class Import:
    """A Lightning checkpoint of the released network, and what it knows."""

    file: tyro.conf.Positional[Path]
    """The checkpoint (.ckpt)."""
    out: Path
    """Folder of the run to begin with it: its round `pretrain`, from which finetune starts."""
    scenes: str = "tau2020"
    """Scenes in the order of its outputs: those of tau2020 or cas2023, or names separated by commas."""
    seconds: float = 10.0
    """Length of the clips that it was trained on."""
    records: Path | None = None
    """What 'asc-jax prepare' printed: test it on them, for evaluate and report."""


@dataclasses.dataclass(frozen=True)
class Export:
    """A run, and the checkpoint that it becomes."""

    run: tyro.conf.Positional[Path]
    """Folder of a run (its last finished round is taken), or of a round."""
    out: Path
    """The checkpoint (.ckpt)."""


def import_weights(options: Import) -> None:
    """Begin a run with a PyTorch checkpoint of the released network."""
    from asc_jax.cli.training import use_compilation_cache
    from asc_jax.data.splits import open_records
    from asc_jax.deploy.weights import import_round
    from asc_jax.net.frontend import RATE

    use_compilation_cache()
    records = open_records(options.records) if options.records else None
    folder = options.out / "pretrain"
    import_round(options.file, _scenes(options.scenes), round(options.seconds * RATE), folder, records)
    print(folder)


def export_weights(options: Export) -> None:
    """Write a run's network as a PyTorch checkpoint."""
    from asc_jax.deploy.weights import write_checkpoint
    from asc_jax.evaluate.runs import read_run
    from asc_jax.train.trained import load

    net, _, variables = load(read_run(options.run)[-1].folder)
    write_checkpoint(options.out, net, variables)
    print(options.out)


def _scenes(named: str) -> tuple[str, ...]:
    from data_prep import cas2023, tau2020

    known = {"tau2020": tau2020.SCENES, "cas2023": cas2023.SCENES}
    if "," not in named:
        check_word("list of scenes", named, known)
    return known.get(named) or tuple(named.split(","))

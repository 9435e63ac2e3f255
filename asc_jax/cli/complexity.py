"""The command on a network's size: asc-jax complexity RUN|EXPERIMENT."""

import dataclasses
from pathlib import Path

import tyro

from asc_jax.cli.printing import print_tables
from asc_jax.config import Network
from asc_jax.errors import UserError
from data_prep.nearest import nearest


@dataclasses.dataclass(frozen=True)
class Complexity:
    """Whose network."""

    network: tyro.conf.Positional[str]
    """Folder of a run or of a round, or the name of an experiment, such as released."""
    seconds: float | None = None
    """Length of a clip (default: as trained, or as the experiment states)."""


def complexity(options: Complexity) -> None:
    """Count a network's parameters, multiply-accumulates and memory, and time one clip."""
    from asc_jax.cli.training import use_compilation_cache

    use_compilation_cache()
    from asc_jax.bench.complexity import latency, layers, layers_table, totals_table
    from asc_jax.net.ensemble import network_of
    from asc_jax.net.frontend import RATE

    networks, seconds, scenes = _networks(options.network)
    net, seconds = network_of(scenes, networks), options.seconds or seconds
    samples = round(seconds * RATE)
    costs = layers(net, samples)
    print_tables(layers_table(costs), totals_table(costs, seconds, latency(net, samples)))


def _networks(named: str) -> tuple[list[Network], float, int]:
    """The settings of a network, or of each in an ensemble, the seconds of its clips, and how many scenes it knows."""
    from asc_jax.bench.network import Case
    from asc_jax.cli import experiments
    from asc_jax.evaluate.runs import networks, read_run
    from asc_jax.net.frontend import RATE

    if Path(named).exists():
        settings = read_run(Path(named))[-1].settings
        return networks(settings), settings["samples"] / RATE, len(settings["scenes"])
    if experiment := experiments().get(named):
        return [experiment.network], experiment.seconds, Case.scenes
    raise UserError(
        f"{named}: neither a run's folder nor an experiment ({', '.join(experiments())}){nearest(named, experiments())}"
    )

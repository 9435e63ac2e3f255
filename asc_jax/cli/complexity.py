"""The command on a network's size: asc-jax complexity RUN|EXPERIMENT."""

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from asc_jax.cli.printing import print_tables
from asc_jax.config import Network
from asc_jax.errors import UserError
from data_prep.nearest import nearest

if TYPE_CHECKING:
    from asc_jax.net.ensemble import Net


@dataclasses.dataclass(frozen=True)
class Complexity:
    """Whose network."""

    network: tyro.conf.Positional[str]
    """Folder of a run or of a round, or the name of an experiment, such as released."""
    seconds: float | None = None
    """Length of a clip (default: as trained, or as the experiment states)."""
    rules: Literal["dcase"] | None = None
    """Only compare it, for clips of 1 s, with the limits of DCASE's task 1; exit status 1 where it breaks one."""


def complexity(options: Complexity) -> None:
    """Count a network's parameters, multiply-accumulates and memory, and time one clip."""
    from asc_jax.cli.training import use_compilation_cache

    use_compilation_cache()
    from asc_jax.bench.complexity import latency, layers, layers_table, totals_table
    from asc_jax.net.ensemble import network_of
    from asc_jax.net.frontend import RATE

    networks, seconds, scenes = _networks(options.network)
    if options.rules:
        _check_rules(network_of(scenes, networks), options.seconds)
        return
    net, seconds = network_of(scenes, networks), options.seconds or seconds
    samples = round(seconds * RATE)
    costs = layers(net, samples)
    print_tables(layers_table(costs), totals_table(costs, seconds, latency(net, samples)))


def _check_rules(net: "Net", seconds: float | None) -> None:
    from asc_jax.bench.rules import SECONDS, dcase, limits_table
    from asc_jax.net.frontend import RATE

    if seconds not in (None, SECONDS):
        raise UserError(f"--seconds {seconds:g}: --rules dcase are for clips of {SECONDS:g} s; leave --seconds out")
    limits = dcase(net, round(SECONDS * RATE))
    print_tables(limits_table(limits))
    if not all(each.kept for each in limits):
        sys.exit(1)


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

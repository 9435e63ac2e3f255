"""Results of the benchmarks: tables and lines for people, JSON for scripts."""

import json
from dataclasses import asdict, dataclass, field

from rich.table import Table

from asc_jax.bench.ahead_of_time import Program
from asc_jax.bench.collectives import Collective
from asc_jax.bench.timing import Result
from asc_jax.bench.trace import Operation


def machine_table(machine: dict, limits: dict[str, float]) -> Table:
    """What it ran on, with the measured limits."""
    table = Table("machine", "", title_justify="left")
    for name, value in machine.items():
        table.add_row(name, " ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else str(value))
    table.add_row("matrix products", f"{limits['matrix'] / 1e9:.0f} GFLOP/s")
    table.add_row("memory", f"{limits['memory'] / 1e9:.1f} GB/s, read and written")
    return table


COLUMNS = ("clips", "seconds", "from", "to", "clips/s", "compile s", "temp. GB", "peak GB", "of matrix", "of memory")
NAME, WIDTH = 34, 10  # characters of the name and of each other column


def header() -> str:
    """The names of the columns of `row`; the last two are shares of the machine's measured rates."""
    return " " * NAME + "".join(f"{column:>{WIDTH}}" for column in COLUMNS)


def row(result: Result, limits: dict[str, float]) -> str:
    """A benchmark as one line: median time of a call and its range, memory, and the shares of the limits reached."""
    shares = result.shares(limits)
    cells = (
        str(result.clips),
        *(f"{value:.4g}" for value in (result.median, min(result.seconds), max(result.seconds))),
        f"{result.clips_per_second:.4g}",
        _or_nothing(result.compile_seconds, 1, "{:.1f}"),
        _or_nothing(result.temporaries, 1e9, "{:.2f}"),
        _or_nothing(result.peak_memory, 1e9, "{:.2f}"),
        *(_or_nothing(shares.get(limit), 1, "{:.0%}") for limit in ("matrix", "memory")),
    )
    return f"{result.name:<{NAME}}" + "".join(f"{cell:>{WIDTH}}" for cell in cells)


def operations_table(operations: list[Operation], rows: int = 25) -> Table:
    """The costliest operations of a training step; those that run side by side count in full."""
    table = Table("ms a step", "calls", "operation", "shape", "layer")
    for each in operations[:rows]:
        table.add_row(f"{each.milliseconds:.2f}", str(each.calls), each.name, each.shape, each.layer)
    return table


def collectives_table(collectives: list[Collective]) -> Table:
    """A row for each kind of collective operation in a training step."""
    table = Table("collectives of a step", "calls", "MB", "largest MB")
    for each in collectives:
        table.add_row(each.kind, str(each.calls), f"{each.bytes / 1e6:.2f}", f"{each.largest / 1e6:.2f}")
    return table


def program_table(program: Program) -> Table:
    """What a program, compiled and never run, takes of the chips it is for."""
    chip, clips = program.chip, program.clips
    devices = f"{program.chips} x {program.device}"
    table = Table(f"{program.name}, compiled and not run", devices, title_justify="left")
    table.add_row("clips a chip", f"{clips:g}")
    table.add_row("compilation", f"{program.compile_seconds:.0f} s")
    published = f" of {chip.memory / 1e9:g}" if chip else ""
    table.add_row(
        "memory a chip", f"{program.memory / 1e9:.2f}{published} GB ({program.temporaries / 1e9:.2f} temporaries)"
    )
    table.add_row(
        "memory traffic a clip", f"{program.traffic / clips / 1e9:.3f} GB, {program.padding:.0%} of it padding"
    )
    table.add_row("arithmetic a clip", f"{program.flops / clips / 1e9:.2f} GFLOP")
    for each in program.collectives:
        table.add_row(each.kind, f"{each.calls} of {each.bytes / 1e6:.2f} MB together")
    for limit, ceiling in program.ceilings.items():
        table.add_row(f"ceiling of {limit}", f"{ceiling:,.0f} clips/s a chip")
    return table


@dataclass
class Findings:
    """All results of one call of the benchmarks, filled as they come."""

    machine: dict
    limits: dict[str, float]
    results: list[Result] = field(default_factory=list)
    collectives: list[Collective] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)

    def as_json(self) -> str:
        """All of it, each result with its median, rate and shares of the limits."""
        results = [
            asdict(result)
            | {
                "median": result.median,
                "clips_per_second": result.clips_per_second,
                "shares": result.shares(self.limits),
            }
            for result in self.results
        ]
        return json.dumps(asdict(self) | {"results": results}, indent=1) + "\n"


def _or_nothing(value, unit, form) -> str:
    return "" if value is None else form.format(value / unit)

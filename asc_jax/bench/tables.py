"""What the benchmarks found, as tables for people and as JSON for scripts."""

from dataclasses import asdict

from rich.table import Table

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


def results_table(results: list[Result], limits: dict[str, float]) -> Table:
    """A row a benchmark: median time of a call and its range, and what share of the limits that is."""
    columns = ("", "clips", "seconds", "from", "to", "clips/s", "compile s", "temporaries GB", "peak GB")
    table = Table(*columns, "of matrix rate", "of memory rate")
    for each in results:
        shares = each.shares(limits)
        table.add_row(
            each.name,
            str(each.clips),
            *(f"{value:.4g}" for value in (each.median, min(each.seconds), max(each.seconds))),
            f"{each.clips_per_second:.4g}",
            _or_nothing(each.compile_seconds, 1, "{:.1f}"),
            _or_nothing(each.temporaries, 1e9, "{:.2f}"),
            _or_nothing(each.peak_memory, 1e9, "{:.2f}"),
            *(_or_nothing(shares.get(limit), 1, "{:.0%}") for limit in ("matrix", "memory")),
        )
    return table


def operations_table(operations: list[Operation], rows: int = 25) -> Table:
    """The costliest operations of a training step; those that run side by side count in full."""
    table = Table("ms a step", "calls", "operation", "shape", "layer")
    for each in operations[:rows]:
        table.add_row(f"{each.milliseconds:.2f}", str(each.calls), each.name, each.shape, each.layer)
    return table


def collectives_table(collectives: list[Collective]) -> Table:
    """What devices tell each other in a training step."""
    table = Table("collectives of a step", "calls", "MB", "largest MB")
    for each in collectives:
        table.add_row(each.kind, str(each.calls), f"{each.bytes / 1e6:.2f}", f"{each.largest / 1e6:.2f}")
    return table


def as_json(
    machine: dict,
    limits: dict[str, float],
    results: list[Result],
    operations: list[Operation],
    collectives: list[Collective],
) -> dict:
    """All of it as plain values."""
    rows = [
        asdict(each) | {"median": each.median, "clips_per_second": each.clips_per_second, "shares": each.shares(limits)}
        for each in results
    ]
    told = {"operations": operations, "collectives": collectives}
    told = {name: [asdict(each) for each in values] for name, values in told.items()}
    return {"machine": machine, "limits": limits, "results": rows, **told}


def _or_nothing(value, unit, form) -> str:
    return "" if value is None else form.format(value / unit)

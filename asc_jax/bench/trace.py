"""Where a compiled function spends its time, by the device's own profiler."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import jax

from asc_jax.bench.network import Case, compiled

STEPS = 3


@dataclass(frozen=True)
class Operation:
    """An operation of the compiled step: milliseconds and calls a step, its shape, and the layer it comes from."""

    milliseconds: float
    calls: int
    name: str
    shape: str
    layer: str


def trace_training(case: Case, folder: Path) -> list[Operation]:
    """Profiles some training steps into `folder` (for TensorBoard or Perfetto) -> operations, the costliest first."""
    state, (step, arguments) = case.state(), case.training()
    step, _ = compiled(step.lower(state, *arguments))
    state, told = step(state, *arguments)
    jax.block_until_ready(told)
    with jax.profiler.trace(str(folder)):
        for _ in range(STEPS):
            state, told = step(state, *arguments)
        jax.block_until_ready(told)
    newest = max(folder.rglob("*.xplane.pb"), key=lambda file: file.stat().st_mtime)
    return operations(newest, step.as_text() or "")


def operations(file: Path, program: str) -> list[Operation]:
    """The events of a profile, added up for each operation of the program (HLO text)."""
    spent, calls = Counter(), Counter()
    for plane in jax.profiler.ProfileData.from_file(str(file)).planes:
        for line in plane.lines:
            for event in line.events:
                if name := dict(event.stats).get("hlo_op"):
                    spent[name] += event.duration_ns / 1e6 / STEPS
                    calls[name] += 1
    shapes = dict(re.findall(r"^\s*(?:ROOT )?%?([\w.\-]+) = \(?([\w\[\],]+)", program, re.MULTILINE))
    layers = dict(re.findall(r'^\s*(?:ROOT )?%?([\w.\-]+) = .*op_name="([^"]+)"', program, re.MULTILINE))
    return [
        Operation(milliseconds, calls[name] // STEPS, name, shapes.get(name, ""), _layer(layers.get(name, "")))
        for name, milliseconds in spent.most_common()
    ]


def _layer(op_name: str) -> str:
    """jit(f)/transpose(jvp(SceneNet))/trunk/stem/add -> backward trunk/stem/add"""
    direction = "backward " if "transpose(jvp(" in op_name else ""
    return direction + "/".join(part for part in op_name.split("/") if "(" not in part)

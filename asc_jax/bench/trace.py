"""Where a training step spends its time, from JAX's profiler."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import jax

from asc_jax.bench.network import TrainingStep
from asc_jax.bench.xplane import hlo_events

STEPS = 3


@dataclass(frozen=True)
class Operation:
    """An operation of the compiled step: milliseconds and calls a step, its shape, and the layer it comes from."""

    milliseconds: float
    calls: int
    name: str
    shape: str
    layer: str


def profile_training(step: TrainingStep, folder: Path) -> list[Operation]:
    """Profiles some training steps into `folder` (for TensorBoard or Perfetto) -> operations, the costliest first."""
    state, metrics = step.compiled(step.case.state(), *step.arguments)
    jax.block_until_ready(metrics)
    with jax.profiler.trace(str(folder)):
        for _ in range(STEPS):
            state, metrics = step.compiled(state, *step.arguments)
        jax.block_until_ready(metrics)
    newest = max(folder.rglob("*.xplane.pb"), key=lambda file: file.stat().st_mtime)
    return operations(newest, step.program)


def operations(file: Path, program: str) -> list[Operation]:
    """Adds up the events of a profile (*.xplane.pb) for each operation of the program (HLO text)."""
    spent, calls = defaultdict(float), Counter()
    for name, seconds in hlo_events(file):
        spent[name] += 1e3 * seconds / STEPS
        calls[name] += 1
    shapes = dict(re.findall(r"^\s*(?:ROOT )?%?([\w.\-]+) = \(?([\w\[\],]+)", program, re.MULTILINE))
    layers = dict(re.findall(r'^\s*(?:ROOT )?%?([\w.\-]+) = .*op_name="([^"]+)"', program, re.MULTILINE))
    return [
        Operation(milliseconds, calls[name] // STEPS, name, shapes.get(name, ""), _layer(layers.get(name, "")))
        for name, milliseconds in sorted(spent.items(), key=lambda item: -item[1])
    ]


def _layer(op_name: str) -> str:
    """jit(f)/transpose(jvp(SceneNet))/trunk/stem/add -> backward trunk/stem/add"""
    direction = "backward " if "transpose(jvp(" in op_name else ""
    return direction + "/".join(part for part in op_name.split("/") if "(" not in part)

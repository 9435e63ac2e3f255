"""The collective operations between devices in one call of a compiled function."""

import re
from dataclasses import dataclass

import numpy as np

KINDS = "all-reduce|all-gather|all-to-all|reduce-scatter|collective-permute|collective-broadcast"
CALL = re.compile(rf"= (.*?) ({KINDS})(?:-start)?\(")
ARRAY = re.compile(r"[a-z]+(\d+)\w*\[([\d,]*)\]")  # f32[3,3,64], s8[], ...


@dataclass(frozen=True)
class Collective:
    """All calls of one kind: how many, and the bytes of the largest and of all their results."""

    kind: str
    calls: int
    largest: int
    bytes: int


def collectives(program: str) -> list[Collective]:
    """The collective operations of a compiled program (HLO text), by kind."""
    sizes = {}
    for result, kind in CALL.findall(program):
        sizes.setdefault(kind, []).append(sum(_bytes(*array) for array in ARRAY.findall(result)))
    return [Collective(kind, len(each), max(each), sum(each)) for kind, each in sorted(sizes.items())]


def _bytes(bits: str, shape: str) -> int:
    return int(bits) // 8 * int(np.prod([int(size) for size in shape.split(",") if size]))

"""What a program for TPUs moves: the bytes of the arrays in a chip's main memory that its instructions read and write.

XLA's own count, "bytes accessed", includes arrays in the chip's vector memory, and takes the whole array where a slice
is read: up to ten times as much for this network, from which no lower limit of the time follows.
"""

import math
import re
from typing import NamedTuple

INSTRUCTION = re.compile(r"^\s+(?:ROOT )?%(\S+) = (.*?) ([a-z][\w-]*)\((.*?)\)", re.MULTILINE)
ARRAY = re.compile(r"([a-z]+)(\d*)\w*\[([\d,]*)\]\{([\d,]*):?([^}]*)\}")  # f32[4,313,128]{2,1,0:T(8,128)S(1)}
NO_TRAFFIC = ("parameter", "constant", "tuple", "get-tuple-element", "bitcast")  # and what waits for a copy: ...-done


class Array(NamedTuple):
    """Bytes of its numbers, and with the padding: arrays fill tiles, of mostly 8 x 128 numbers."""

    data: int
    padded: int
    in_main_memory: bool


def traffic(program: str) -> tuple[int, float]:
    """(bytes read and written, the share of padding in them) of a program, optimised HLO text.

    The bodies of its loops and branches are left out.
    """
    entry = program[program.index("\nENTRY ") :]
    results, moved = {}, []
    for name, result, operation, operands in INSTRUCTION.findall(entry):
        results[name] = [_array(*found) for found in ARRAY.findall(result)]
        taken = [array for operand in re.findall(r"%([\w.-]+)", operands) for array in results.get(operand, [])]
        moved += _moved(operation, taken, results[name])
    padded = sum(array.padded for array in moved)
    return padded, 1 - sum(array.data for array in moved) / padded


def _moved(operation: str, taken: list[Array], given: list[Array]) -> list[Array]:
    """The arrays in main memory that an instruction reads or writes, a slice for what it is a slice of."""
    if operation in NO_TRAFFIC or operation.endswith("-done"):
        return []
    if operation == "slice":
        taken = [given[0]._replace(in_main_memory=taken[0].in_main_memory)]
    elif operation == "slice-start":  # gives its operand again, the slice, and a flag
        taken, given = [given[1]._replace(in_main_memory=given[0].in_main_memory)], given[1:]
    elif operation.endswith("-start"):  # gives its operand again, the result, and a flag
        taken = []
    return [array for array in taken + given if array.in_main_memory]


def _array(kind: str, bits: str, shape: str, order: str, layout: str) -> Array:
    number = max(int(bits or 8) // 8, 1)  # pred has a byte
    dimensions = [int(size) for size in shape.split(",") if size]
    innermost_first = [dimensions[int(axis)] for axis in order.split(",") if axis]
    tile = re.search(r"T\(([\d,]+)\)", layout)
    tile = [int(size) for size in tile[1].split(",")][::-1] if tile else []
    innermost_first += [1] * (len(tile) - len(innermost_first))
    tile += [1] * (len(innermost_first) - len(tile))
    padded = math.prod(-(-size // unit) * unit for size, unit in zip(innermost_first, tile, strict=True))
    return Array(number * math.prod(dimensions), number * padded, "S(" not in layout)

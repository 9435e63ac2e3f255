"""How much of what a program for TPUs reads and writes is padding: arrays fill tiles, of mostly 8 x 128 numbers."""

import math
import re

INSTRUCTION = re.compile(r"^\s+(?:ROOT )?%(\S+) = (.*?) ([a-z][\w-]*)\((.*?)\)", re.MULTILINE)
ARRAY = re.compile(r"([a-z]+)(\d*)\w*\[([\d,]*)\]\{([\d,]*):?([^}]*)\}")  # f32[4,313,128]{2,1,0:T(8,128)S(1)}
NO_TRAFFIC = ("parameter", "constant", "tuple", "get-tuple-element", "bitcast")  # and what waits for a copy: ...-done


def padding(program: str) -> float:
    """The share of padding in the bytes of all arrays in the chip's main memory that an instruction takes or gives.

    `program` is optimised HLO text; the bodies of its loops and branches are left out.
    """
    entry = program[program.index("\nENTRY ") :]
    results, sizes = {}, []
    for name, result, operation, operands in INSTRUCTION.findall(entry):
        results[name] = list(map(_bytes, ARRAY.findall(result)))
        if operation not in NO_TRAFFIC and not operation.endswith("-done"):
            taken = [size for operand in re.findall(r"%([\w.-]+)", operands) for size in results.get(operand, [])]
            sizes += taken + ([] if operation.endswith("-start") else results[name])
    data, padded = map(sum, zip(*sizes, strict=True))
    return 1 - data / padded


def _bytes(array: tuple[str, ...]) -> tuple[int, int]:
    """(bytes of an array's numbers, bytes with its padding), nothing for one that lies in another memory."""
    kind, bits, shape, order, layout = array
    if "S(" in layout:
        return 0, 0
    number = max(int(bits or 8) // 8, 1)  # pred has a byte
    dimensions = [int(size) for size in shape.split(",") if size]
    innermost_first = [dimensions[int(axis)] for axis in order.split(",") if axis]
    tile = re.search(r"T\(([\d,]+)\)", layout)
    tile = [int(size) for size in tile[1].split(",")][::-1] if tile else []
    innermost_first += [1] * (len(tile) - len(innermost_first))
    tile += [1] * (len(innermost_first) - len(tile))
    padded = math.prod(-(-size // unit) * unit for size, unit in zip(innermost_first, tile, strict=True))
    return number * math.prod(dimensions), number * padded

"""Recordings that cannot be used: why, and how they are reported, all together."""

import collections
import dataclasses
import json
import pathlib
from collections.abc import Sequence
from typing import NoReturn

from data_prep import PrepareError

METADATA = "metadata.json"  # of TFDS, beside the records
SHOWN = 100  # recordings named for each reason


@dataclasses.dataclass(frozen=True)
class Fault:
    """A recording as its list names it, one of a few reasons, and what exactly is wrong."""

    id: str
    reason: str
    detail: str = ""


class Unusable(Exception):
    """Raised where a recording turns out to be bad: Unusable(reason, detail)."""

    def __init__(self, reason: str, detail: str = ""):
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


def refuse(faults: Sequence[Fault]) -> NoReturn:
    """Raises the PrepareError that counts the faults by reason and names each of them."""
    reasons = collections.defaultdict(list)
    for fault in faults:
        reasons[fault.reason].append(fault)
    counts = ", ".join(f"{len(each):,} {reason}" for reason, each in reasons.items())
    lines = [f"{len(faults):,} bad recordings ({counts}): correct them, or leave them out with --skip-bad"]
    for reason, each in reasons.items():
        lines.append(f"  {reason}:")
        lines += [f"    {fault.id}: {fault.detail}" if fault.detail else f"    {fault.id}" for fault in each[:SHOWN]]
        lines += [f"    ... and {len(each) - SHOWN:,} more"] if len(each) > SHOWN else []
    raise PrepareError("\n".join(lines))


def odd(folder: pathlib.Path) -> list[str]:
    """What is odd about recordings that prepared records hold, a line each."""
    metadata = json.loads((folder / METADATA).read_text())
    return [f"{note['id']}: {note['detail']}".removeprefix(": ") for note in metadata.get("odd", [])]


def left_out(folder: pathlib.Path) -> list[Fault]:
    """The recordings that prepared records lack."""
    metadata = folder / METADATA
    if not metadata.exists():
        raise PrepareError(f"{folder}: no {METADATA}, so these are not records of this version; delete the folder")
    return [Fault(**fault) for fault in json.loads(metadata.read_text())["left_out"]]

"""Recordings of any length -> windows of the length that a network knows."""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from asc_jax.errors import UserError
from asc_jax.net.frontend import RATE
from data_prep.samples import to_int16


def hop_of(seconds: float | None) -> int | None:
    """The samples at 16 kHz from one window to the next; None stands for those of a window. UserError below one."""
    if seconds is None:
        return None
    if not 1 / RATE <= seconds < math.inf:
        raise UserError(f"hop {seconds:g}: must be the seconds from one window to the next, at least a sample")
    return round(seconds * RATE)


def windows(blocks: Iterable[np.ndarray], samples: int, hop: int) -> Iterator[tuple[int, np.ndarray]]:
    """(first sample, int16 [samples]) of windows every `hop` samples, from float blocks [N] of one recording.

    Each comes as soon as its last sample has. The last window ends where the recording does. A recording shorter than a
    window starts over until it fills one, as with --fit repeat; one without a sample has no window.
    """
    start, kept, recent = 0, 0, np.zeros(0, np.int16)  # of the next window; the recording from `kept` on
    for block in blocks:
        recent = np.concatenate((recent, to_int16(block)))
        while start + samples <= kept + len(recent):
            yield start, recent[start - kept :][:samples]
            start += hop
        done = max(0, min(start - kept, len(recent) - samples))  # the last window needs as many as these
        kept, recent = kept + done, recent[done:]
    end = kept + len(recent)
    if not start and end:
        yield 0, np.resize(recent, samples)
    if start and start - hop + samples < end:
        yield end - samples, recent[-samples:]

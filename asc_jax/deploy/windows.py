"""Recordings of any length -> windows of the length that a network knows."""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from asc_jax.errors import UserError
from asc_jax.net.frontend import RATE
from data_prep.samples import to_int16


def hop_of(seconds: float | None, samples: int) -> int:
    """The samples at 16 kHz from one window to the next, without `seconds` those of a window; UserError below one."""
    if seconds is not None and not 1 / RATE <= seconds < math.inf:
        raise UserError(f"hop {seconds:g}: must be the seconds from one window to the next, at least a sample")
    return samples if seconds is None else round(seconds * RATE)


def windows(blocks: Iterable[np.ndarray], samples: int, hop: int) -> Iterator[tuple[int, np.ndarray]]:
    """(first sample, int16 [samples]) of windows every `hop` samples, from float blocks [N] of one recording.

    The last window ends where the recording does. A recording shorter than a window starts over until it fills one, as
    with --fit repeat; one without a sample has no window.
    """
    start, waiting = 0, np.zeros(0, np.int16)  # the recording from `start` on
    for block in blocks:
        waiting = np.concatenate((waiting, to_int16(block)))
        while len(waiting) > samples + hop:
            yield start, waiting[:samples]
            start, waiting = start + hop, waiting[hop:]
    if len(waiting):
        yield start, np.resize(waiting, samples)  # of a longer one the first, of a shorter one all and again
    if len(waiting) > samples:
        yield start + len(waiting) - samples, waiting[-samples:]

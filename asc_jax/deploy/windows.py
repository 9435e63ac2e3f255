"""Recordings of any length -> windows of the length that a network knows."""

from collections.abc import Iterable, Iterator

import numpy as np

from data_prep.samples import to_int16


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

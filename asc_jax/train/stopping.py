"""What ends a training early: pre-emption, and a non-finite loss."""

import itertools
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STATUS = 75  # EX_TEMPFAIL of sysexits.h: the same command, repeated, resumes
# Processes agree on the call, counted from 1, at which all stop. Steps would not do: JAX begins with number 1, which a
# run that resumes from step 32 never reaches.
_asked = itertools.count(1)


class Preempted(Exception):
    """SIGTERM was received; all finished steps are saved."""


class NotFinite(Exception):
    """A step gave a non-finite loss or weight."""

    def __init__(self, step: int):
        super().__init__(step)
        self.step = step


@contextmanager
def sigterm() -> Iterator[Callable[[int], bool]]:
    """Yields a function that says after each step whether SIGTERM was received; the signal itself does not kill.

    Several processes stop after the same step, whichever of them received it.
    """
    import jax
    from jax.experimental.multihost_utils import reached_preemption_sync_point

    if jax.distributed.is_initialized():
        yield lambda step: reached_preemption_sync_point(next(_asked))
        return
    came = []
    before = signal.signal(signal.SIGTERM, lambda *_: came.append(True))
    try:
        yield lambda step: bool(came)
    finally:
        signal.signal(signal.SIGTERM, before)

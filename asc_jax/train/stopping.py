"""What ends a training early: pre-emption, and a non-finite loss."""

import itertools
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STATUS = 75  # EX_TEMPFAIL of sysexits.h: the same command, repeated, resumes
# How often the processes have asked whether to stop. They agree on the question after the last one that any has asked,
# which before the first is number 1: a run that resumes from step 32 would never come to that step.
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
    """Returns, called after every step, whether to stop there: SIGTERM, which ends nothing meanwhile, was received.

    Several processes stop after the same step, whichever of them it came to.
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

"""What ends a training before its time: a machine that is taken away, and a loss that is no number."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STATUS = 75  # EX_TEMPFAIL of sysexits.h: the same command, repeated, goes on


class Preempted(Exception):
    """SIGTERM came; all steps that were made are saved."""


class NotFinite(Exception):
    """A step made a loss or weights that are infinite or no numbers."""

    def __init__(self, step: int):
        super().__init__(step)
        self.step = step


@contextmanager
def sigterm() -> Iterator[Callable[[int], bool]]:
    """Tells, asked once after every step, whether to stop there: SIGTERM, which ends nothing meanwhile, has come.

    Several processes stop after the same step, whichever of them it came to.
    """
    import jax
    from jax.experimental.multihost_utils import reached_preemption_sync_point

    if jax.distributed.is_initialized():
        yield reached_preemption_sync_point
        return
    came = []
    before = signal.signal(signal.SIGTERM, lambda *_: came.append(True))
    try:
        yield lambda step: bool(came)
    finally:
        signal.signal(signal.SIGTERM, before)

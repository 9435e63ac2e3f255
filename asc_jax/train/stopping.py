"""What ends a training before its time: a machine that is taken away, and a loss that is no number."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STATUS = 75  # EX_TEMPFAIL of sysexits.h: the same command, repeated, goes on


class Preempted(Exception):
    """SIGTERM came; all steps that were made are saved."""


class NotFinite(Exception):
    """The loss of a step is infinite or no number."""

    def __init__(self, step: int):
        super().__init__(step)
        self.step = step


@contextmanager
def sigterm() -> Iterator[Callable[[], bool]]:
    """Tells, when asked, whether SIGTERM has come, which does not end the process meanwhile."""
    came = []
    before = signal.signal(signal.SIGTERM, lambda *_: came.append(True))
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGTERM, before)

"""One of several processes, watched by another that says why it ended."""

import os
import re
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable

from asc_jax.train.stopping import STATUS

# What JAX's coordination service writes of a process without a sign of life, before it ends all others.
DEAD = re.compile(r"Task (\d+) heartbeat timeout|stopped sending heartbeats\):\s+(\d+)|leader task was preempted/died")
MISSING = "CoordinationService/RegisterTask"  # and of those that never were
LONG_ENOUGH = 15  # seconds, in which that service finds a dead process


def watched(run: Callable[[], int]) -> int:
    """The status of `run`, in a child process, which JAX ends without a word to Python when another process has died.

    Then this one reports, in one line, which that was. What native code writes meanwhile is shown only if it was not.
    """
    native, (alive, holding) = tempfile.TemporaryFile(), os.pipe()
    child = os.fork()
    if not child:
        os.close(holding)
        threading.Thread(target=_end_with, args=(alive,), daemon=True).start()
        sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
        os.dup2(native.fileno(), 2)
        return _status_of(run)
    os.close(alive)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: os.kill(child, number))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    native.seek(0)
    log = native.read().decode(errors="replace")
    if status < 0 and (reason := _reason(log)):
        print(f"asc-jax: {reason[0]}", file=sys.stderr)
        return reason[1]
    sys.stderr.write(log)
    return status if status >= 0 else 128 - status


def _status_of(run: Callable[[], int]) -> int:
    try:
        status = run()
    except Exception:
        time.sleep(LONG_ENOUGH)  # if the end of another process is the cause, JAX ends this one meanwhile
        traceback.print_exc()
        status = 1
    if status in (0, STATUS):
        return status  # all processes do, and leave together
    sys.stdout.flush()
    os._exit(status)


def _end_with(alive: int) -> None:
    """Ends this process when the one that watches it has ended."""
    os.read(alive, 1)
    os._exit(1)


def _reason(log: str) -> tuple[str, int] | None:
    """Why JAX ended a process, and the exit status for it, if another process is why."""
    if MISSING in log:
        return "some process has not come: start all, and let --coordinator be an address that each can reach", 2
    if dead := DEAD.search(log):
        return (
            f"process {dead[1] or dead[2] or 0} has ended or cannot be reached, and without it no other goes on: "
            "start all again with the same command, which begins at the last checkpoint",
            STATUS,
        )
    return None

"""Several processes that run one program together, on one host or many."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import jax
from jax.experimental import multihost_utils

from asc_jax.errors import UserError

ORBAX = os.path.join("", "orbax", "")  # in the path of its code
PATIENCE = 10  # seconds without a sign of life after which a process is taken for dead


def join(coordinator: str | None, processes: int | None, process: int | None) -> None:
    """Makes this process one of several; what is None is given by Cloud TPU, Slurm, Kubernetes or Open MPI.

    Process 0 alone writes to standard output. UserError if no scheduler says who the others are, or they do not come.
    """
    try:
        jax.distributed.initialize(
            coordinator,
            processes,
            process,
            heartbeat_timeout_seconds=PATIENCE,
            shutdown_timeout_seconds=PATIENCE,
        )
    except (ValueError, RuntimeError) as error:
        raise UserError(
            f"--distributed: {str(error).splitlines()[0]} Say --coordinator HOST:PORT --processes COUNT "
            "--process NUMBER, and start every process"
        ) from error
    # Orbax warns of SIGTERM, and fills pages on a save that a dead process has cut off, which is an error as well.
    logging.getLogger("absl").addFilter(_not_of_orbax)
    wait("all are here")  # later, CPUs would have to meet for the first time within 30 s of each other
    if not is_first():
        sys.stdout = open(os.devnull, "w")


def _not_of_orbax(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.CRITICAL or ORBAX not in record.pathname


def is_first() -> bool:
    """Whether this is the process that writes what only one may write."""
    return jax.process_index() == 0


def wait(what: str) -> None:
    """Waits until every process has come to this point, whose name all must say."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(what)


@contextmanager
def first_before_others(what: str) -> Iterator[None]:
    """Process 0 does what is inside, then the others."""
    if not is_first():
        wait(what)
    yield
    if is_first():
        wait(what)

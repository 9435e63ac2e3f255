"""One training at a time in a round's folder."""

from collections.abc import Iterator
from contextlib import contextmanager

import filelock

from asc_jax.errors import UserError
from asc_jax.processes import is_first
from asc_jax.typed import AnyPath

FILE = ".lock"


@contextmanager
def locked(folder: AnyPath) -> Iterator[None]:
    """Keeps a folder, which is made, for the process that is the first of its training; the lock ends with it.

    UserError while another training lives there. The lock is of a file, which NFS passes on to its server (of a folder
    it would not); where a file system has no locks, filelock makes do with a file. In a bucket nothing is locked.
    """
    if not is_first() or "://" in str(folder):
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / FILE)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout as error:
        message = "another training is at work here; wait for its end, or choose another folder for this run"
        raise UserError(f"{folder}: {message}") from error
    try:
        yield
    finally:
        lock.release()

"""Lets TFDS and Orbax look at files whose owner has no entry in passwd, as in containers and network folders.

They ask etils for the size of a file, and etils looks up the names of its owner and group, which nobody here needs:
a KeyError without an entry (https://github.com/google/etils/issues/790).
"""

import os
import stat

from etils.epath import backend, stat_utils


def _stat(path: str | os.PathLike[str]) -> stat_utils.StatResult:
    """What etils reports of a local file, without names, as on Windows."""
    found = os.stat(path)
    return stat_utils.StatResult(
        is_directory=stat.S_ISDIR(found.st_mode),
        length=found.st_size,
        mtime=int(found.st_mtime),
        mode=found.st_mode,
    )


backend.os_backend.stat = _stat

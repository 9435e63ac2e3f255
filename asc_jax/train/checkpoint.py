"""Checkpoints of one round: saved in the background, restored only if intact."""

import enum
import errno
import os
import re
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import jax
import numpy as np
import orbax.checkpoint as ocp
from jax.experimental.multihost_utils import process_allgather
from orbax.checkpoint.checkpoint_managers import LatestN

from asc_jax.devices import everywhere
from asc_jax.errors import UserError
from asc_jax.train.claims import differences, in_bucket
from asc_jax.train.stopping import NotFinite
from asc_jax.typed import AnyPath

CUT_OFF = jax.errors.JaxRuntimeError  # raised in the surviving processes when one dies while all read or write
OF_THE_FILE = (
    errno.ENOENT,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.EINVAL,
)  # missing, or of another kind
FILES = 100  # three times those of a checkpoint of the released network
ROOM = 1.25  # times the arrays: the metadata of the released network takes 2 %, and Orbax writes more on the way


def manager(folder: AnyPath) -> ocp.CheckpointManager:
    """Orbax's manager of the checkpoints under `folder`: saves in the background, keeps the latest two."""
    options = ocp.CheckpointManagerOptions(preservation_policy=LatestN(2))
    handlers = {"state": ocp.StandardCheckpointHandler(), "checksums": ocp.JsonCheckpointHandler()}
    folder = folder / "checkpoints"
    folder = folder if in_bucket(folder) else folder.absolute()
    return ocp.CheckpointManager(folder, options=options, item_handlers=handlers)


@contextmanager
def opened(folder: AnyPath) -> Iterator[ocp.CheckpointManager]:
    """The manager while it is needed; UserError if what it still saves at the end fails."""
    checkpoints = manager(folder)
    try:
        yield checkpoints
    except BaseException:
        with suppress(Exception):  # what failed first counts
            checkpoints.close()
        raise
    with _saving(checkpoints):
        checkpoints.close()


def save(checkpoints: ocp.CheckpointManager, step: int, state: Any) -> None:
    """Saves the state after `step` in the background.

    UserError if the previous save failed, NotFinite if a weight is not finite.
    """
    here = jax.device_get(state)
    if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(here)):
        raise NotFinite(step - 1)
    items = {"state": ocp.args.StandardSave(state), "checksums": ocp.args.JsonSave(_checksums(here))}
    with _saving(checkpoints):
        checkpoints.wait_until_finished()  # the previous save may not have freed its room yet
        _check_room(checkpoints.directory, ROOM * sum(leaf.nbytes for leaf in jax.tree.leaves(here)))
        if step in checkpoints.all_steps():  # damaged, else training would have begun after it
            checkpoints.delete(step)
        checkpoints.save(step, args=ocp.args.Composite(**items))


def _check_room(folder: AnyPath, size: float) -> None:
    """OSError before a save begins; what fails during it, Orbax's threads report in pages of tracebacks."""
    if in_bucket(folder):
        return
    if (free := shutil.disk_usage(folder).free) < size:
        raise OSError(f"it takes {size / 1e6:.1f} MB, and {free / 1e6:.1f} MB are free")
    system = os.statvfs(folder)
    if system.f_files and system.f_favail < FILES:  # some count none
        raise OSError(f"it takes up to {FILES} files, and {system.f_favail} more are allowed there")
    with tempfile.TemporaryFile(dir=str(folder)) as file:
        file.write(b"may one write here")


def finish(checkpoints: ocp.CheckpointManager) -> None:
    """Waits for the last save; UserError if it failed."""
    with _saving(checkpoints):
        checkpoints.wait_until_finished()


@contextmanager
def _saving(checkpoints: ocp.CheckpointManager) -> Iterator[None]:
    try:
        yield
    except CUT_OFF:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(
            f"{checkpoints.directory}: a checkpoint could not be saved ({_line(error)}); the last good one stays, "
            "from which the same command resumes once there is room"
        ) from error


def restore(checkpoints: ocp.CheckpointManager, like, only: int | None = None):
    """The latest intact checkpoint as a tree like `like`, or None without any; each damaged one is reported.

    All processes restore the same step. With `only` it is that step or none. UserError names missing and misshapen
    leaves, and says if a checkpoint cannot be read, which is no damage, or if none is intact.
    """
    steps = sorted(checkpoints.all_steps(), reverse=True) if only is None else [only]
    for step in steps:
        place = f"{checkpoints.directory}/{step}"
        state, fault = _attempt(checkpoints, step, like)
        if fault is Fault.UNREACHABLE:
            raise UserError(f"{place} cannot be read ({state}); this is no damage: repeat the command when it can be")
        if fault is None:
            return state
        print(f"{place} is damaged: {state}", file=sys.stderr)
    if only is not None:
        raise UserError(
            f"{checkpoints.directory}: step {only}, the network that was tested, is not intact; put a copy there, or "
            "delete the round's folder to train it anew"
        )
    if steps:
        raise UserError(f"{checkpoints.directory}: no checkpoint is intact; delete the round's folder to train it anew")
    return None


class Fault(enum.IntEnum):
    """Why a checkpoint could not be restored; the larger one counts where processes differ."""

    DAMAGED = 1
    UNREACHABLE = 2


def _attempt(checkpoints: ocp.CheckpointManager, step: int, like) -> tuple[Any, Fault | None]:
    """(the state, None), or (what went wrong, in one line; its kind); the same kind in all processes."""
    if unreachable := _agreed(_unreachable(checkpoints.directory / str(step))):
        return unreachable, Fault.UNREACHABLE
    try:
        found = _verified(checkpoints, step, like)
    except (UserError, CUT_OFF):
        raise
    except Exception as error:  # Orbax and TensorStore meet damage with errors of many kinds
        found, line = None, _line(error)
        fault = Fault.UNREACHABLE if _of_the_moment(error) else Fault.DAMAGED
    else:
        fault, line = None, ""
    worst = _agreed(f"{int(fault or 0)}{line}")
    if worst and worst[0] != "0":
        return worst[1:], Fault(int(worst[0]))
    return found, None


def _agreed(text: str) -> str:
    """The maximum over processes of a text, empty where there is none, so that all agree."""
    if jax.process_count() == 1:
        return text
    mine = np.frombuffer(text.encode()[:200].ljust(200, b"\0"), np.uint8)
    return max(bytes(row).rstrip(b"\0").decode(errors="replace") for row in process_allgather(mine))


def _unreachable(folder: AnyPath) -> str:
    """Why some file of a checkpoint cannot be read for reasons that are not its own; in a bucket that shows later."""
    if in_bucket(folder):
        return ""
    try:
        for place, _, names in os.walk(folder, onerror=_raise):
            for name in names:
                with open(os.path.join(place, name), "rb") as file:
                    file.read(1)
    except OSError as error:
        return f"{error.filename}: {error.strerror}" if _of_the_moment(error) else ""
    return ""


def _raise(error: OSError) -> NoReturn:
    raise error


def _of_the_moment(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is of permissions, networks or disks, not of what is written there."""
    while error is not None:
        number = error.errno if isinstance(error, OSError) else None
        if found := re.search(r"\[OS error (\d+)", str(error)):  # as TensorStore writes it
            number = int(found[1])
        if number is not None and number not in OF_THE_FILE:
            return True
        error = error.__cause__ or error.__context__
    return False


def _verified(checkpoints: ocp.CheckpointManager, step: int, like):
    stored = checkpoints.item_metadata(step)["state"].tree
    if different := differences(_shapes(stored), _shapes(like)):
        raise UserError(f"{checkpoints.directory}/{step} does not fit the network: {'; '.join(different[:3])}")
    # Wherever it was trained, each device gets a copy; and in whatever precision JAX computes by default, as it is.
    types = {_name(path): leaf.dtype for path, leaf in _arrays(stored)}
    template = jax.tree_util.tree_map_with_path(
        lambda path, leaf: jax.ShapeDtypeStruct(leaf.shape, types[_name(path)], sharding=everywhere()), like
    )
    items = {"state": ocp.args.StandardRestore(template), "checksums": ocp.args.JsonRestore()}
    restored = checkpoints.restore(step, args=ocp.args.Composite(**items))
    if different := differences(restored["checksums"], _checksums(restored["state"])):
        raise ValueError(f"the checksum of {different[0]}")
    return restored["state"]


def _checksums(tree) -> dict[str, int]:
    leaves = jax.tree_util.tree_leaves_with_path(jax.device_get(tree))
    return {_name(path): zlib.crc32(np.ascontiguousarray(leaf).data) for path, leaf in leaves}


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _shapes(tree) -> dict[str, tuple]:
    return {_name(path): tuple(leaf.shape) for path, leaf in _arrays(tree)}


def _arrays(tree) -> list[tuple[Any, Any]]:
    return jax.tree_util.tree_leaves_with_path(tree, is_leaf=lambda node: hasattr(node, "shape"))


def _name(path) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")

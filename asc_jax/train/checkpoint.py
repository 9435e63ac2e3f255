"""Checkpoints of one round, with the configuration that made them beside them."""

import json
import platform
from importlib.metadata import version
from pathlib import Path

import jax
import orbax.checkpoint as ocp

from asc_jax.config import CONFIG
from asc_jax.errors import UserError

PACKAGES = ("asc_jax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "grain", "tensorflow-datasets", "numpy")


def manager(folder: Path) -> ocp.CheckpointManager:
    """Orbax's manager of the checkpoints under `folder`: saves in the background, keeps the latest two."""
    options = ocp.CheckpointManagerOptions(max_to_keep=2)
    directory = (folder / "checkpoints").absolute()
    return ocp.CheckpointManager(directory, options=options, item_handlers=ocp.StandardCheckpointHandler())


def restore(checkpoints: ocp.CheckpointManager, like):
    """The latest checkpoint as a tree like `like`, or None without one; missing and misshapen leaves are named."""
    step = checkpoints.latest_step()
    if step is None:
        return None
    stored, wanted = _shapes(checkpoints.item_metadata(step).tree), _shapes(like)
    if different := _differences(stored, wanted):
        raise UserError(f"{checkpoints.directory}/{step} does not fit the network: {'; '.join(different[:3])}")
    # Wherever it was trained, it is restored to one device.
    here = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    wanted = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=here), like)
    return checkpoints.restore(step, args=ocp.args.StandardRestore(wanted))


def _shapes(tree) -> dict[str, tuple]:
    leaves = jax.tree_util.tree_leaves_with_path(tree, is_leaf=lambda node: hasattr(node, "shape"))
    return {jax.tree_util.keystr(path, simple=True, separator="/"): tuple(leaf.shape) for path, leaf in leaves}


def claim(folder: Path, wanted: dict, records: Path) -> None:
    """Stores a new round's settings, versions and place of records; refuses a folder that holds other settings."""
    file = folder / CONFIG
    wanted = json.loads(json.dumps(wanted))
    if file.exists():
        if different := _differences(settings(folder), wanted):
            raise UserError(
                f"{folder} was trained with other settings ({'; '.join(different)}): "
                "repeat those, choose another --workdir, or delete the folder"
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    versions = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
    kept = {"settings": wanted, "versions": versions, "device": _device(), "records": str(records.absolute())}
    write_text(file, json.dumps(kept, indent=2) + "\n")


def settings(folder: Path) -> dict:
    """The settings that a round's folder was claimed with."""
    return json.loads((folder / CONFIG).read_text())["settings"]


def write_text(file: Path, text: str) -> None:
    """Writes by rename, so that a killed process leaves the old file or the new one."""
    partial = file.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(file)


def _differences(stored: dict, now: dict, prefix: str = "") -> list[str]:
    found = []
    for key in stored.keys() | now.keys():
        old, new = stored.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, f"{prefix}{key}.")
        elif old != new:
            found.append(f"{prefix}{key} was {old}, is now {new}")
    return sorted(found)


def _device() -> str:
    return f"{jax.device_count()} x {jax.devices()[0].device_kind}"

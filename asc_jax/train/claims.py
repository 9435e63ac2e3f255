"""The settings of a round, in config.json beside its checkpoints: written once, and compared ever after."""

import json
import platform
from dataclasses import asdict
from importlib.metadata import version

import jax

from asc_jax.config import CONFIG
from asc_jax.errors import UserError
from asc_jax.net.options import Network
from asc_jax.older import renamed
from asc_jax.processes import is_first, wait
from asc_jax.typed import AnyPath

PACKAGES = ("asc_jax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "grain", "tensorflow-datasets", "numpy")


def in_bucket(path: AnyPath) -> bool:
    """Whether a path is in a bucket (gs://...), not on a disk."""
    return "://" in str(path)


def claim(folder: AnyPath, requested: dict, records: AnyPath | None) -> None:
    """Stores a new round's settings, versions and place of records; refuses a folder that holds other settings."""
    file = folder / CONFIG
    requested = json.loads(json.dumps(requested))
    if is_first() and not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        versions = {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
        kept = {
            "settings": requested,
            "versions": versions,
            "device": _device(),
            "records": records and str(records.absolute()),
        }
        write_text(file, json.dumps(kept, indent=2) + "\n")
    wait(f"settings of {folder}")
    if not file.exists():
        raise UserError(f"{file} is not to be seen from every process: choose a --workdir that all of them share")
    check(folder, requested)
    if is_first() and records and _kept(folder)["records"] != str(records.absolute()):  # the recordings have moved
        write_text(file, json.dumps(_kept(folder) | {"records": str(records.absolute())}, indent=2) + "\n")


def check(folder: AnyPath, requested: dict) -> None:
    """UserError if the folder holds other settings."""
    requested = _with_defaults(json.loads(json.dumps(requested)))
    if (folder / CONFIG).exists() and (different := differences(settings(folder), requested)):
        raise UserError(
            f"{folder} was trained with other settings ({'; '.join(different)}): "
            "repeat those, choose another folder for this run, or delete that one"
        )


def _kept(folder: AnyPath) -> dict:
    return renamed(json.loads((folder / CONFIG).read_text()))


def settings(folder: AnyPath) -> dict:
    """The settings that a round's folder was claimed with."""
    return _with_defaults(_kept(folder)["settings"])


def _with_defaults(settings: dict) -> dict:
    """The same with those options of its network, or its ensemble's, that were new after it was trained."""
    match settings.get("network"):
        case dict(network):
            return settings | {"network": asdict(Network()) | network}
        case list(members):
            return settings | {"network": [asdict(Network()) | network for network in members]}
    return settings


def write_text(file: AnyPath, text: str) -> None:
    """Writes atomically, by rename; a bucket's objects are replaced atomically anyway."""
    if in_bucket(file):
        file.write_text(text)
        return
    partial = file.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(file)


def differences(stored: dict, now: dict, prefix: str = "") -> list[str]:
    """What differs, a line each, in nested dicts; what is off or empty may be missing, as in an older run."""
    found = []
    for key in stored.keys() | now.keys():
        old, new = stored.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += differences(old, new, f"{prefix}{key}.")
        elif (old or None) != (new or None):
            found.append(f"{prefix}{key} was {old}, is now {new}")
    return sorted(found)


def _device() -> str:
    return f"{jax.device_count()} x {jax.devices()[0].device_kind}"

"""The shipped weights: a network pretrained on synthesised sounds alone, and on no recordings.

`experiments/studies/sounds.py FOLDER --seed 1` made the file, on an H200.
"""

import json
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from asc_jax.errors import UserError
from asc_jax.net.options import Network

FILE = Path(__file__).with_name("sounds.npz")
NETWORK = "network"  # the member of the file that holds the network's settings


def shipped(network: Network) -> dict:
    """{params, batch_stats} of this network, all but its head; UserError if the weights are another network's."""
    return read(FILE, network)


def fingerprint() -> str:
    """Of the shipped weights: those of another version are other settings."""
    return f"{zlib.crc32(FILE.read_bytes()):08x}"


def read(file: Path, network: Network) -> dict:
    """What `write` kept, as float32; UserError if it is of another network."""
    with np.load(file) as members:
        arrays = {name: members[name] for name in members.files}
    kept = asdict(Network(**json.loads(str(arrays.pop(NETWORK)))))
    if wrong := {name: kept[name] for name in kept if name != "bfloat16" and asdict(network)[name] != kept[name]}:
        needed = ", ".join(f"{name.replace('_', '-')} {value}" for name, value in wrong.items())
        raise UserError(
            f"--source shipped: the shipped weights are of a network with {needed}; "
            "pretrain this one, such as with --source synthesis --synthesis-steps 400"
        )
    return unflatten_dict({tuple(name.split("/")): np.float32(array) for name, array in arrays.items()})


def write(file: Path, network: Network, variables: dict) -> None:
    """Keeps a network's weights but for its head, in half precision."""
    params = {name: value for name, value in variables["params"].items() if name != "head"}
    flat = flatten_dict({"params": params, "batch_stats": variables["batch_stats"]})
    arrays: dict[str, Any] = {"/".join(name): np.float16(value) for name, value in jax.device_get(flat).items()}
    settings = {name: value for name, value in asdict(network).items() if name != "bfloat16"}
    with file.open("wb") as handle:
        np.savez_compressed(handle, **{NETWORK: np.array(json.dumps(settings))}, **arrays)

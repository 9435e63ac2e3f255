"""Weights from and for PyTorch: Lightning checkpoints of the released network."""

import importlib
import zlib
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import jax
import numpy as np

from asc_jax.config import PREDICTIONS, RELEASED, Phase, Round
from asc_jax.data.leaks import check, write_leak
from asc_jax.data.records import Records
from asc_jax.deploy.released import from_released, to_released
from asc_jax.errors import UserError
from asc_jax.evaluate.predict import DETAILS, Predictions, to_csv
from asc_jax.net.ensemble import Net
from asc_jax.net.frontend import RATE
from asc_jax.net.scenenet import SceneNet
from asc_jax.train import checkpoint, claims
from asc_jax.train.rounds import test
from asc_jax.train.step import create_state

PREFIX = "model."  # of every tensor's name in a Lightning checkpoint
BATCH = 32  # clips of a test


def read_checkpoint(file: Path) -> dict[str, np.ndarray]:
    """The released network's tensors of a Lightning checkpoint; no code in the file is run."""
    torch = pytorch("PyTorch's checkpoints")
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)["state_dict"]
    except FileNotFoundError as error:
        raise UserError(f"{file}: there is no such file") from error
    except Exception as error:  # PyTorch meets what is no checkpoint of tensors with errors of many kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"{file}: no Lightning checkpoint with a state_dict of tensors ({reason})") from error
    return {name.removeprefix(PREFIX): tensor.float().numpy() for name, tensor in state.items()}


def write_checkpoint(file: Path, net: Net, variables: dict) -> None:
    """The network as a Lightning checkpoint has it, for `load_state_dict(..., strict=False)`.

    What the released network holds and does not use, its spare layer and its mel constants, is left out. UserError if
    it is another network.
    """
    if net != SceneNet(net.scenes):
        raise UserError(f"{file}: only the released network has a counterpart in PyTorch, not this one: {net}")
    torch = pytorch("PyTorch's checkpoints")
    tensors = {f"{PREFIX}{name}": torch.tensor(array) for name, array in to_released(variables).items()}
    for name in [name for name in tensors if name.endswith(".running_var")]:
        tensors[name.replace("running_var", "num_batches_tracked")] = torch.tensor(0)
    torch.save({"state_dict": tensors}, file)


def pytorch(what: str) -> ModuleType:
    """The module torch; UserError where it is missing, which says that `what` needs it."""
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        raise UserError(f"{what} need torch; in asc_jax's folder: pip install -e '.[torch]'") from error


def import_round(file: Path, scenes: tuple[str, ...], samples: int, folder: Path, records: Records | None) -> None:
    """Makes a Lightning checkpoint the pretrained round `folder`, tested on `records` if there are any.

    `scenes` are in the order of the head's directions, `samples` is the length of a clip at 16 kHz.
    """
    net = SceneNet(len(scenes))
    fresh = create_state(net, samples, jax.random.key(0))
    tensors = read_checkpoint(file)
    try:
        variables = from_released(tensors, fresh.variables)
    except UserError as error:
        raise UserError(f"{file}: {error}") from error
    if records:
        scenes, variables = records.scenes, _in_order(records, scenes, samples, variables)
    claims.claim(folder, _settings(tensors, scenes, samples, folder, records), records and records.path)
    with checkpoint.opened(folder) as checkpoints:
        checkpoint.save(checkpoints, 0, fresh.replace(**variables))
        checkpoint.finish(checkpoints)
    if records:
        write_leak(folder, check(records, "test", ("train",)))
        test(folder, net, variables, records.split("test"), BATCH)
    else:
        untested = Predictions(scenes, np.zeros((0, len(scenes))), np.zeros(0, int), dict.fromkeys(DETAILS, []))
        claims.write_text(folder / PREDICTIONS, to_csv(untested))


def _in_order(records: Records, scenes: tuple[str, ...], samples: int, variables: dict) -> dict:
    """The variables with the head's directions in the order of the records' scenes."""
    if set(records.scenes) != set(scenes) or records.samples != samples:
        raise UserError(
            f"{records.path}: its scenes are {', '.join(records.scenes)} and its clips {records.samples / RATE:g} s; "
            f"the checkpoint's are {', '.join(scenes)} and {samples / RATE:g} s (--scenes, --seconds)"
        )
    directions = variables["params"]["head"]["directions"][[scenes.index(scene) for scene in records.scenes]]
    return variables | {"params": variables["params"] | {"head": {"directions": directions}}}


def _settings(
    tensors: dict[str, np.ndarray], scenes: tuple[str, ...], samples: int, folder: Path, records: Records | None
) -> dict:
    """What `train.rounds` keeps of a round, as far as it is known, and which tensors these were."""
    bits = b"".join(np.ascontiguousarray(tensors[name]).tobytes() for name in sorted(tensors))
    data = records.identity if records else ""
    return {
        "round": asdict(Round(folder.name, "pretrain", Phase(), data.split("/")[0], ("train",))),
        "network": asdict(RELEASED),
        "seed": 0,
        "data": data,
        "split": records.split_by if records else "",
        "samples": samples,
        "scenes": scenes,
        "imported": f"{zlib.crc32(bits):08x}",
    }

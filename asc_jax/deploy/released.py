"""The released PyTorch network's tensors, in this project's names and layouts, and the other way round."""

from typing import Any, cast

import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from asc_jax.errors import UserError

Path = tuple[str, ...]  # (collection, module, ..., leaf)
LEAVES = {
    "kernel": "weight",
    "scale": "weight",
    "slope": "weight",
    "directions": "weight",
    "bias": "bias",
    "mean": "running_mean",
    "var": "running_var",
}
# What a released state holds and the network does not use: constants of the mel transform, counters, a spare layer.
UNUSED = ("transform_tf.", "classifier.fc_out.")


def _modules() -> dict[str, str]:
    """Our module -> the released one; where a norm has slopes, its PReLU stands under NORM/slope."""
    names = {"head": "arcface"}
    separable = {"wavegram/{}": ("wavegram", "filter", "spread")}
    for number, name in ((0, "separable_16"), (3, "separable_64"), (6, "projection")):
        separable[f"attention/{name}/{{}}"] = (f"heatmap.{number}", "depthwise", "pointwise")
    for ours, (released, *layers) in separable.items():
        for layer, conv in zip(layers, ("dwconv", "pwconv"), strict=True):
            names[ours.format(layer)] = f"{released}.{conv}"
            names[ours.format(f"{layer}_norm")] = f"{released}.{conv}_normalization"
    names |= {"attention/norm_16": "heatmap.1", "attention/norm_64": "heatmap.4"}
    blocks = {
        "stem": "conv1",
        "depthwise": "dw_conv1",
        "widen": "conv2",
        "global_depthwise": "linear7",
        "embedding": "linear1",
    }
    for ours, released in blocks.items():
        names |= _layer(f"trunk/{ours}", *(f"classifier.{released}.{part}" for part in ("conv", "bn", "prelu")))
    for number in range(6):
        for first, ours in ((0, "expand"), (3, "depthwise"), (6, "project")):
            released = (f"classifier.blocks.{number}.conv.{first + part}" for part in range(3))
            names |= _layer(f"trunk/bottleneck_{number}/{ours}", *released)
    return names


def _layer(ours: str, convolution: str, norm: str, prelu: str) -> dict[str, str]:
    return {ours: convolution, f"{ours}_norm": norm, f"{ours}_norm/slope": prelu}


MODULES = _modules()


def released_name(path: Path) -> str:
    """(batch_stats, trunk, stem_norm, mean) -> classifier.conv1.bn.running_mean"""
    *module, leaf = path[1:]
    if leaf.startswith("depthwise_"):  # the projection's depthwise kernel is one number a channel, not a module
        module, leaf = [*module, "depthwise"], leaf.removeprefix("depthwise_")
    return f"{MODULES['/'.join([*module, leaf] if leaf == 'slope' else module)]}.{LEAVES[leaf]}"


def from_released(tensors: dict[str, np.ndarray], like: dict) -> dict:
    """Released tensors -> variables like `like`; UserError names every missing, unknown and misshapen tensor."""
    shapes = {path: np.shape(leaf) for path, leaf in _flat(like).items()}
    tensors = {name: tensor for name, tensor in tensors.items() if not _unused(name)}
    names = {path: released_name(path) for path in shapes}
    wrong = [f"{name} is missing" for name in names.values() if name not in tensors]
    wrong += [f"{name} is not known" for name in tensors.keys() - set(names.values())]
    for path, name in names.items():
        shape = _released_shape(path, shapes[path])
        if name in tensors and tensors[name].shape != shape:
            wrong.append(f"{name} has the shape {tensors[name].shape}, not {shape}")
    if wrong:
        raise UserError("; ".join(sorted(wrong)))
    return unflatten_dict({path: _ours(path, tensors[name], shapes[path]) for path, name in names.items()})


def to_released(variables: dict) -> dict[str, np.ndarray]:
    """{params, batch_stats} -> released tensors, without those that the network does not use."""
    return {released_name(path): _theirs(path, np.asarray(leaf)) for path, leaf in _flat(variables).items()}


def _flat(tree: dict) -> dict[Path, Any]:
    return cast(dict[Path, Any], flatten_dict(tree))


def _unused(name: str) -> bool:
    return name.startswith(UNUSED) or name.endswith(".num_batches_tracked")


def _axes(path: Path, rank: int) -> tuple[int, ...]:
    """In which order PyTorch has our axes: out channels, in channels, height, width."""
    if path[-1] != "kernel":
        return tuple(range(rank))
    return {2: (1, 0), 3: (2, 0, 1), 4: (3, 2, 0, 1)}[rank]


def _released_shape(path: Path, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The same numbers with PyTorch's axes of length 1."""
    permuted = tuple(shape[axis] for axis in _axes(path, len(shape)))
    if path[1:] == ("wavegram", "filter", "kernel"):
        return permuted[0], 1, permuted[1]
    if path[1:] == ("wavegram", "spread", "kernel"):
        return (*permuted, 1)
    if path[-1] == "depthwise_kernel":
        return (*permuted, 1, 1, 1)
    if path[-1] == "kernel" and len(shape) == 3:
        return permuted[0], 1, *permuted[1:]
    return (*permuted, 1, 1) if path[-1] == "kernel" and len(shape) == 2 else permuted


def _theirs(path: Path, array: np.ndarray) -> np.ndarray:
    return array.transpose(_axes(path, array.ndim)).reshape(_released_shape(path, array.shape))


def _ours(path: Path, tensor: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    axes = _axes(path, len(shape))
    permuted = tensor.reshape([shape[axis] for axis in axes])
    return np.ascontiguousarray(permuted.transpose(np.argsort(axes)), np.float32)

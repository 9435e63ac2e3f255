"""The arrays of the released network (../shared/golden), in this project's names and layouts."""

import pathlib

import numpy as np
import pytest
from flax.traverse_util import unflatten_dict

FILE = pathlib.Path(__file__).parents[3] / "shared/golden/released_network.npz"
needed = pytest.mark.skipif(
    not FILE.exists(), reason=f"needs the released network's arrays, {FILE}, which are not here"
)

_LEAVES = {"weight": "kernel", "bias": "bias"}
_NORM = {"weight": "scale", "bias": "bias", "running_mean": "mean", "running_var": "var"}
_STATISTICS = ("mean", "var")


def _modules():
    """Released module name -> (our path, kind)."""
    names = {
        "wavegram.dwconv": ("wavegram/filter", "conv"),
        "wavegram.dwconv_normalization": ("wavegram/filter_norm", "norm"),
        "wavegram.pwconv": ("wavegram/spread", "conv"),
        "wavegram.pwconv_normalization": ("wavegram/spread_norm", "norm"),
        "heatmap.1": ("attention/norm_16", "norm"),
        "heatmap.4": ("attention/norm_64", "norm"),
        "heatmap.6.dwconv": ("attention/projection", "scale"),
        "classifier.conv1": ("trunk/stem", "block"),
        "classifier.dw_conv1": ("trunk/depthwise", "block"),
        "classifier.conv2": ("trunk/widen", "block"),
        "classifier.linear7": ("trunk/global_depthwise", "block"),
        "classifier.linear1": ("trunk/embedding", "block"),
        "arcface": ("head", "head"),
    }
    for released, ours in (("0", "separable_16"), ("3", "separable_64"), ("6", "projection")):
        for conv, name in (("dwconv", "depthwise"), ("pwconv", "pointwise")):
            names.setdefault(f"heatmap.{released}.{conv}", (f"attention/{ours}/{name}", "conv"))
            names[f"heatmap.{released}.{conv}_normalization"] = (f"attention/{ours}/{name}_norm", "norm")
    for number in range(6):
        for first, name in ((0, "expand"), (3, "depthwise"), (6, "project")):
            ours, released = f"trunk/bottleneck_{number}/{name}", f"classifier.blocks.{number}.conv"
            names[f"{released}.{first}"] = (ours, "conv")
            names[f"{released}.{first + 1}"] = (f"{ours}_norm", "norm")
            names[f"{released}.{first + 2}"] = (f"{ours}_norm", "prelu")
    for released, (ours, kind) in list(names.items()):
        if kind == "block":
            del names[released]
            names[f"{released}.conv"] = (ours, "conv")
            names[f"{released}.bn"] = (f"{ours}_norm", "norm")
            names[f"{released}.prelu"] = (f"{ours}_norm", "prelu")
    return names


_MODULES = _modules()


def _rename(released: str) -> tuple[str, ...]:
    """`classifier.conv1.bn.running_mean` -> (batch_stats, trunk, stem_norm, mean)."""
    module, leaf = released.rsplit(".", 1)
    path, kind = _MODULES[module]
    if kind == "scale":
        return ("params", *path.split("/"), f"depthwise_{_LEAVES[leaf]}")
    leaves = {"norm": _NORM, "prelu": {"weight": "slope"}, "head": {"weight": "directions"}}.get(kind, _LEAVES)
    collection = "batch_stats" if leaves.get(leaf) in _STATISTICS else "params"
    return (collection, *path.split("/"), leaves[leaf])


def _relayout(path, array):
    """PyTorch's (out, in / groups, kh, kw) to this project's kernels."""
    name = "/".join(path[1:])
    if path[-1] == "depthwise_kernel":
        return array.reshape(-1)
    if path[-1] != "kernel":
        return array
    if name == "trunk/stem/kernel":
        return array.transpose(2, 3, 1, 0)
    if path[-2] in ("depthwise", "global_depthwise"):
        return array[:, 0].transpose(1, 2, 0)
    return array.reshape(array.shape[0], -1).T


def variables(arrays, prefix: str, dtype=np.float32):
    """All `prefix`/... arrays as {"params": ..., "batch_stats": ...} of SceneNet; the unused classifier is left out."""
    flat = {}
    for key in arrays.files:
        if key.startswith(prefix + "/") and ".fc_out." not in key:
            path = _rename(key.removeprefix(prefix + "/"))
            flat[path] = _relayout(path, arrays[key]).astype(dtype)
    return unflatten_dict(flat)

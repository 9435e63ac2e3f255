"""An entry to DCASE's task 1: a Python package of the network in PyTorch, and what the challenge asks about it.

Kernels are int8 with a scale for each output, all other parameters float16, as the challenge counts them. The package
has the functions that its scripts call (github.com/CPJKU/dcase2025_task1_inference).
"""

import dataclasses
import importlib.util
import json
import keyword
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jax
import numpy as np
import soundfile

from asc_jax.deploy.classifier import Classifier
from asc_jax.deploy.exporting.program import Exported, facts_of, needed
from asc_jax.errors import UserError
from asc_jax.evaluate.evaluation import Evaluation, Group
from asc_jax.net.arcface import SCALE
from asc_jax.net.ensemble import Ensemble
from asc_jax.net.folding import affine_of
from asc_jax.net.frontend import RATE, mel_filters
from asc_jax.net.mobilefacenet import strides

EXTRA = "torch"
SECONDS = 1.0  # of a clip
CHECKPOINT, NETWORK, DUMMY = "ckpts/network.ckpt", "network.py", "resources/dummy.wav"
SMALLEST_SCALE = 2.0**-14  # of float16's normal numbers

Tensors = dict[str, np.ndarray]


def check_entry(model: Classifier, folder: Path) -> None:
    """UserError where the network cannot be an entry, or its package would have no name that Python can import."""
    if isinstance(model.net, Ensemble):
        raise UserError("--format dcase is for one network, not for an ensemble: train a student of it (--teachers)")
    if model.samples != SECONDS * RATE:
        raise UserError(f"--format dcase is for clips of {SECONDS:g} s, not of {model.samples / RATE:g}: train on such")
    name = folder.name
    if not name.isidentifier() or keyword.iskeyword(name) or importlib.util.find_spec(name):
        raise UserError(f"--out {folder}: its last part must name a new Python package, such as Schmid_CPJKU_task1")


def write(model: Classifier, folder: Path, evaluation: Evaluation | None) -> None:
    """The package, with the results of the run's test in its meta file if there are any."""
    torch = needed("torch", EXTRA)
    tensors = {name: torch.tensor(each) for name, each in tensors_of(model).items()}
    for part in ("", "ckpts", "resources"):
        (folder / part).mkdir()
        (folder / part / "__init__.py").touch()
    templates = resources.files("asc_jax.deploy").joinpath("dcase")
    (folder / NETWORK).write_bytes(templates.joinpath(NETWORK).read_bytes())
    (folder / f"{folder.name}_1.py").write_bytes(templates.joinpath("entry.py").read_bytes())
    (folder / "requirements.txt").write_text("numpy\nsoundfile\nsoxr\ntorch\n")
    torch.save({"facts": _facts(model), "tensors": tensors}, folder / CHECKPOINT)
    noise = np.random.default_rng(0).normal(0, 0.1, 44_100)
    soundfile.write(folder / DUMMY, noise, 44_100, subtype="PCM_24")
    cost = complexity(folder, model.samples)
    meta = meta_text(templates.joinpath("meta.yaml").read_text(), f"{folder.name}_1", cost, evaluation)
    (folder / f"{folder.name}_1.meta.yaml").write_text(meta, encoding="utf-8")


def read(folder: Path) -> Exported:
    """Its network in PyTorch."""
    torch, network = needed("torch", EXTRA), _opened(folder)

    def run(waveform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch.inference_mode():
            logits = network(torch.from_numpy(np.array(waveform)))
        return (logits / network.facts["scale"]).numpy(), logits.softmax(1).amax(1).numpy()

    return Exported(network.facts, run)


def complexity(folder: Path, samples: int) -> dict[str, int]:
    """What the challenge limits, of a package's network for a clip: bytes of the parameters, and multiply-accumulates
    by torchinfo."""
    network = _opened(folder)
    summary = needed("torchinfo", EXTRA).summary(network, input_size=(1, samples), verbose=0)
    parameters = list(network.parameters())
    return {
        "bytes": sum(each.numel() * each.element_size() for each in parameters),
        "parameters": sum(each.numel() for each in parameters),
        "multiply_accumulates": summary.total_mult_adds,
    }


def tensors_of(model: Classifier) -> Tensors:
    """NAME.weight, NAME.scale and so on of each layer of dcase/network.py, and the fixed `mel_filters` [513, F]."""
    params, stats = (jax.tree.map(np.asarray, model.variables[name]) for name in ("params", "batch_stats"))
    tensors = _convolutions(params)
    for name in ("norm_16", "norm_64"):
        scale, shift = affine_of(params["attention"][name], stats["attention"][name])
        tensors |= {f"attention.{name}.weight": _half(scale), f"attention.{name}.bias": _half(shift)}
    projection = params["attention"]["projection"]
    if "depthwise_kernel" in projection:
        scale, shift = affine_of(projection["depthwise_norm"], stats["attention"]["projection"]["depthwise_norm"])
        kernel = np.asarray(projection["depthwise_kernel"] * scale)
        bias = projection["depthwise_bias"] * scale + shift
        tensors |= _quantised("attention.projection.depthwise", kernel[:, None, None, None], bias)
    directions = params["head"]["directions"]
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    tensors |= _quantised("head", (directions / lengths)[:, :, None, None])
    return tensors | {"mel_filters": mel_filters(model.net.network.bands)}


def _convolutions(params: Mapping, path: tuple[str, ...] = ()) -> Tensors:
    """Those of every layer that has a kernel, with the bias and slope of the norm that is folded into it."""
    found = {}
    for name, each in params.items():
        if "kernel" in each:
            after = params.get(f"{name}_norm", each)
            names = (*path, name)
            found |= _quantised(".".join(names), _of_torch(each["kernel"], names), after["bias"])
            found |= {".".join((*names, "slope")): _half(after["slope"])} if "slope" in after else {}
        elif isinstance(each, Mapping):
            found |= _convolutions(each, (*path, name))
    return found


def _of_torch(kernel: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """-> [out, in, height, width], of the Wavegram [out, in, width]."""
    if names == ("wavegram", "filter"):  # [1024, filters]
        return kernel.T[:, None]
    if names == ("wavegram", "spread"):  # [filters, F]
        return kernel.T[..., None]
    if kernel.ndim == 2:  # [in, out]
        return kernel.T[..., None, None]
    if kernel.ndim == 3:  # [height, width, C], depthwise
        return kernel.transpose(2, 0, 1)[:, None]
    return kernel.transpose(3, 2, 0, 1)  # [height, width, in, out]


def _quantised(name: str, kernel: np.ndarray, bias: Any = None) -> Tensors:
    integers, scale = _in_int8(kernel)
    tensors = {f"{name}.weight": integers, f"{name}.scale": scale}
    return tensors if bias is None else tensors | {f"{name}.bias": _half(bias)}


def _in_int8(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(int8 [out, ...], float16 [out]) whose product is the kernel."""
    largest = np.abs(kernel).reshape(len(kernel), -1).max(1)
    scale = np.maximum(largest / 127, SMALLEST_SCALE).astype(np.float16)
    steps = kernel / scale.astype(np.float32).reshape(-1, *(1,) * (kernel.ndim - 1))
    return np.clip(np.round(steps), -127, 127).astype(np.int8), scale


def _half(array: Any) -> np.ndarray:
    return np.asarray(array, np.float16)


def _facts(model: Classifier) -> dict:
    network = model.net.network
    settings = {"network": dataclasses.asdict(network), "strides": strides(network.depth)}
    return facts_of(model) | settings | {"scale": SCALE / model.calibration.temperature}


def _opened(folder: Path) -> Any:
    spec = importlib.util.spec_from_file_location("dcase_network", folder / NETWORK)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load(str(folder / CHECKPOINT))


def meta_text(template: str, label: str, cost: dict[str, int], evaluation: Evaluation | None) -> str:
    """The challenge's meta file, with !!null where nothing was tested."""
    scores, groups = (evaluation.scores, evaluation.groups) if evaluation else ({}, {})
    return template.format(
        label=label,
        accuracy=f"{100 * scores['macro accuracy'].value:.2f}" if scores else "!!null",
        log_loss=f"{scores['log loss'].value:.3f}" if scores else "!!null",
        scenes=_per_group(groups.get("scene", {})),
        devices=_per_group(groups.get("device", {})),
        **cost,
    )


def _per_group(groups: Mapping[str, Group]) -> str:
    rows = {name: f"{{ accuracy: {100 * each.accuracy.value:.2f}, logloss: !!null }}" for name, each in groups.items()}
    quoted = (f"        {json.dumps(name, ensure_ascii=False)}: {row}" for name, row in rows.items())
    return "\n".join(quoted) or "        !!null"

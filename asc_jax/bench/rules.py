"""The limits on a network's size and arithmetic in DCASE's task 1 (low-complexity acoustic scene classification)."""

from collections import defaultdict
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from rich.table import Table

from asc_jax.bench.complexity import LIMIT_KB, LIMIT_M, arrays_of, layers
from asc_jax.net.ensemble import Net
from asc_jax.net.folding import fold

SECONDS = 1.0  # of a clip
KERNELS = ("kernel", "directions", "depthwise_kernel")


@dataclass(frozen=True)
class Limit:
    """What a network uses of what it may use at most."""

    name: str
    used: float
    most: float
    unit: str

    @property
    def kept(self) -> bool:
        return self.used <= self.most


def dcase(net: Net, samples: int) -> list[Limit]:
    """The limits of DCASE 2022 to 2025 for a network of clips of 1 s, as `export --format dcase` writes it.

    Its kernels are int8 with a float16 scale for each output; biases, into which batch normalisation is folded, and
    slopes are float16. Multiply-accumulates are those that torchinfo counts: a kernel and its biases once for each
    position, other parameters once. The fixed log-mel does not count: in DCASE 2025 `load_inputs` may compute it, and
    test_complexity.py counts the network that takes its result (github.com/CPJKU/dcase2025_task1_inference). The
    learned Wavegram counts.
    """
    positions = {each.name: each.multiply_accumulates // each.kernel for each in layers(net, samples) if each.kernel}
    stored = _stored(net, samples)
    size = sum(each.kernel + 2 * (each.outputs + each.bias + each.other) for each in stored.values())
    arithmetic = sum(positions.get(name, 1) * (each.kernel + each.bias) + each.other for name, each in stored.items())
    return limits(size, arithmetic)


def limits(size: int, arithmetic: int) -> list[Limit]:
    """Of bytes and multiply-accumulates."""
    return [
        Limit("parameters, in int8", size / 1e3, LIMIT_KB, "kB"),
        Limit("multiply-accumulates for 1 s", arithmetic / 1e6, LIMIT_M, "M"),
    ]


@dataclass(frozen=True)
class _Stored:
    """Numbers of a layer: of its kernel, of the kernel's outputs, of biases and of all else."""

    kernel: int
    outputs: int
    bias: int
    other: int


def _stored(net: Net, samples: int) -> dict[str, _Stored]:
    """By the layer's name; a normalisation with no convolution before it is a layer."""
    audio = jax.ShapeDtypeStruct((1, samples), jnp.float32)
    params = jax.eval_shape(fold, jax.eval_shape(net.init, jax.random.key(0), audio))["params"]
    sizes: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (*module, leaf), array in arrays_of(params):
        if leaf.startswith("depthwise_"):  # of the attention's projection
            module = [*module, "depthwise"]
        name = "/".join(module)
        if leaf in KERNELS:
            outputs = array.shape[0 if leaf == "directions" else -1]
            sizes[name] |= {"kernel": array.size, "outputs": outputs}
        else:
            part = leaf.removeprefix("depthwise_")
            sizes[name.removesuffix("_norm")][f"norm {part}" if name.endswith("_norm") else part] += array.size
    return {name: _of_layer(each) for name, each in sizes.items()}


def _of_layer(sizes: dict[str, int]) -> _Stored:
    """The bias of the norm after a kernel takes in the kernel's own, and the scale is in the kernel."""
    if not sizes["kernel"]:
        return _Stored(0, 0, 0, sum(sizes.values()))
    return _Stored(sizes["kernel"], sizes["outputs"], sizes["norm bias"] or sizes["bias"], sizes["norm slope"])


def limits_table(limits: list[Limit]) -> Table:
    """A row a limit: what is used, the most that may be, and whether it is kept."""
    table = Table("limit", title="DCASE task 1, a clip of 1 s")
    for column in ("used", "at most", "result"):
        table.add_column(column, justify="right")
    for each in limits:
        result = "passes" if each.kept else "fails"
        table.add_row(each.name, f"{each.used:,.1f} {each.unit}", f"{each.most:,} {each.unit}", result)
    return table

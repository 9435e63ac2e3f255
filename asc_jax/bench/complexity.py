"""What a network costs on any machine: parameters, multiply-accumulates, memory."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict
from rich.table import Table

from asc_jax.bench.arithmetic import products
from asc_jax.bench.timing import seconds_of
from asc_jax.evaluate.predict import predictor
from asc_jax.net.ensemble import Net
from asc_jax.net.folding import fold
from asc_jax.train.step import create_state
from asc_jax.typed import jitted

BYTES = {"float32": 4, "float16": 2, "int8": 1}
REPEATS = 100  # of one clip
HEAD = "head"  # the layer that the published count leaves out
LIMIT_KB, LIMIT_M = 128, 30  # low-complexity acoustic scene classification, DCASE 2022 to 2025
PUBLISHED = "published: 874 k"


@dataclass(frozen=True)
class Layer:
    """A convolution or dense layer with the normalisation and activation after it, for one clip.

    `kernel` and `bias` are the sizes of its own parameters; `memory` are the elements of the maps that it reads and
    writes.
    """

    name: str
    parameters: int
    kernel: int
    bias: int
    multiply_accumulates: int
    memory: int


def layers(net: Net, samples: int) -> list[Layer]:
    """All layers with parameters, by name; the fixed log-mel is none of them."""
    net = net.clone(backend="xla")
    audio = jax.ShapeDtypeStruct((1, samples), jnp.float32)
    variables = jax.eval_shape(net.init, jax.random.key(0), audio)
    parameters = _parameters(variables["params"])
    costs: dict[str, tuple[int, int]] = dict.fromkeys(parameters, (0, 0))
    for product in products(net.apply, variables, audio):
        scope = product.scope.split("/")[1:]  # without the network's own name
        prefixes = ("/".join(scope[:length]) for length in range(len(scope), 0, -1))
        if name := next((prefix for prefix in prefixes if prefix in parameters), None):
            costs[name] = product.multiply_accumulates, product.read + product.written
    _, bands, frames, _ = jax.eval_shape(net.apply, variables, audio).attention.shape
    for (*module, leaf), kernel in arrays_of(variables["params"]):
        if leaf == "depthwise_kernel":  # 1x1: a number a channel, which the normalisation after it takes in
            size = bands * frames * kernel.size
            costs["/".join((*module, "depthwise"))] = size, 2 * size
    return [Layer(name, *parameters[name], *costs[name]) for name in sorted(parameters)]


def latency(net: Net, samples: int) -> float:
    """Median seconds for one clip on one device, folded and compiled."""
    variables = jitted(fold)(create_state(net, samples, jax.random.key(0)).variables)
    audio, predict = jnp.zeros((1, samples), jnp.int16), predictor(net.clone(folded=True), 1)
    return statistics.median(seconds_of(lambda: predict(variables, audio), REPEATS))


def _parameters(params: dict) -> dict[str, tuple[int, int, int]]:
    """Of each layer the number of all, its normalisation's among them, of its kernel and of its bias."""
    counted: dict[str, int] = {}
    sizes: dict[tuple[str, str], int] = {}
    for (*module, leaf), array in arrays_of(params):
        if leaf.startswith("depthwise_"):
            module, leaf = [*module, "depthwise"], leaf.removeprefix("depthwise_")
        name = "/".join(module)
        sizes[name, "kernel" if leaf == "directions" else leaf] = array.size
        layer = name.removesuffix("_norm")
        counted[layer] = counted.get(layer, 0) + array.size
    kernels = {name: sizes.get((name, "kernel"), 0) for name in counted}
    biases = {name: sizes.get((name, "bias"), 0) if kernels[name] else 0 for name in counted}
    return {name: (total, kernels[name], biases[name]) for name, total in counted.items()}


def arrays_of(params: dict) -> Iterable[tuple[tuple[str, ...], jax.Array]]:
    return cast(dict[tuple[str, ...], jax.Array], flatten_dict(params)).items()


def layers_table(costs: list[Layer]) -> Table:
    """A row a layer."""
    table = Table("layer")
    for column in ("parameters", "multiply-accumulates in M", "maps in and out, float32, in kB"):
        table.add_column(column, justify="right")
    for each in costs:
        table.add_row(
            each.name, f"{each.parameters:,}", f"{each.multiply_accumulates / 1e6:.2f}", f"{4 * each.memory / 1e3:.0f}"
        )
    return table


def totals_table(costs: list[Layer], seconds: float, latency: float) -> Table:
    """The whole network beside limits; `latency` is that of one clip of `seconds`, in seconds."""
    parameters = sum(each.parameters for each in costs)
    without_head = sum(each.parameters for each in costs if each.name.split("/")[-1] != HEAD)
    arithmetic = sum(each.multiply_accumulates for each in costs)
    largest = max(costs, key=lambda each: each.memory)
    table = Table(f"a clip of {seconds:g} s", "this network", "beside")
    table.add_row("parameters", f"{parameters:,} ({without_head:,} without the head)", PUBLISHED)
    for name, size in BYTES.items():
        table.add_row(f"weights in {name}", f"{size * parameters / 1e3:,.0f} kB", f"DCASE's limit: {LIMIT_KB} kB")
    table.add_row("multiply-accumulates", f"{arithmetic / 1e6:.1f} M", f"DCASE's limit: {LIMIT_M} M for a clip of 1 s")
    table.add_row("largest maps at once, float32", f"{4 * largest.memory / 1e6:.1f} MB", largest.name)
    table.add_row("latency of one clip here", f"{1e3 * latency:.1f} ms", "")
    return table

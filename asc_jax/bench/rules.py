"""The limits on a network's size and arithmetic in DCASE's task 1 (low-complexity acoustic scene classification)."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from rich.table import Table

from asc_jax.bench.complexity import LIMIT_KB, LIMIT_M, Layer, arrays_of, layers
from asc_jax.net.ensemble import Net
from asc_jax.net.folding import fold

SECONDS = 1.0  # of a clip
KERNELS = ("kernel", "directions")  # what an int8 network stores as int8


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
    """The limits of DCASE 2022 to 2025 for a network of clips of 1 s.

    The fixed log-mel does not count: in DCASE 2025 `load_inputs` may compute it, and test_complexity.py counts the
    network that takes its result (github.com/CPJKU/dcase2025_task1_inference). The learned Wavegram counts.
    """
    arithmetic = sum(map(as_torchinfo, layers(net, samples)))
    return [
        Limit("parameters, in int8", int8_bytes(net, samples) / 1e3, LIMIT_KB, "kB"),
        Limit("multiply-accumulates for 1 s", arithmetic / 1e6, LIMIT_M, "M"),
    ]


def as_torchinfo(layer: Layer) -> int:
    """A layer's multiply-accumulates as torchinfo counts them.

    Each weight and bias of a convolution counts once for each position, each other parameter once.
    """
    own = layer.kernel + layer.bias
    positions = layer.multiply_accumulates // layer.kernel if layer.kernel else 0
    return positions * own + layer.parameters - own


def int8_bytes(net: Net, samples: int) -> int:
    """Bytes of the parameters with batch normalisation folded: 1 for each number of a kernel, 4 for any other."""
    audio = jax.ShapeDtypeStruct((1, samples), jnp.float32)
    params = jax.eval_shape(fold, jax.eval_shape(net.init, jax.random.key(0), audio))["params"]
    return sum(leaf.size * (1 if path[-1] in KERNELS else 4) for path, leaf in arrays_of(params))


def limits_table(limits: list[Limit]) -> Table:
    """A row a limit: what is used, the most that may be, and whether it is kept."""
    table = Table("limit", title="DCASE task 1, a clip of 1 s")
    for column in ("used", "at most", "result"):
        table.add_column(column, justify="right")
    for each in limits:
        result = "passes" if each.kept else "fails"
        table.add_row(each.name, f"{each.used:,.1f} {each.unit}", f"{each.most:,} {each.unit}", result)
    return table

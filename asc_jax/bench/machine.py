"""The machine that a benchmark ran on, and its limits as measured."""

import os
import platform
import resource
from importlib.metadata import version

import jax
import jax.numpy as jnp

from asc_jax.bench.timing import seconds_of
from asc_jax.devices import cores
from asc_jax.memory import host_memory

PACKAGES = ("asc_jax", "jax", "jaxlib", "flax", "optax", "numpy")
ALLOCATOR = ("LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_", "XLA_")


def description() -> dict:
    """Versions, device, cores, and the environment's settings of allocators and of XLA."""
    return {
        "device": f"{jax.device_count()} x {jax.devices()[0].device_kind}",
        "cores": cores(),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "settings": {name: value for name, value in sorted(os.environ.items()) if name.startswith(ALLOCATOR)},
    }


def limits(bfloat16: bool) -> dict[str, float]:
    """Rates of the first device, best of several: matrix products in FLOP/s, memory (read and written) in bytes/s."""
    cpu = jax.default_backend() == "cpu"
    size = 2048 if cpu else 8192
    matrix = jnp.ones((size, size), jnp.bfloat16 if bfloat16 else jnp.float32)
    array = jnp.ones((64 if cpu else 512) << 20, jnp.float32)
    product, add = jax.jit(jnp.matmul), jax.jit(lambda x: x + 1, donate_argnums=0)

    def in_place() -> jax.Array:  # a CPU's new memory would be several times slower, at its first use
        nonlocal array
        array = add(array)
        return array

    return {
        "matrix": 2 * size**3 / min(seconds_of(lambda: product(matrix, matrix), 7)),
        "memory": 2 * array.nbytes / min(seconds_of(in_place, 7)),
    }


def peak_memory() -> int:
    """Bytes that the device has had in use at most; on a CPU those of the whole process."""
    stats = jax.devices()[0].memory_stats()
    return stats["peak_bytes_in_use"] if stats else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def memory() -> int:
    """Bytes of the device's memory."""
    stats = jax.devices()[0].memory_stats()
    return stats["bytes_limit"] if stats else host_memory()

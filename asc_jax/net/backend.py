"""The kernels for a backend."""

import jax

from asc_jax.net.cpu.kernels import CPU, CPU_TRAINING
from asc_jax.net.gpu import GPU
from asc_jax.net.kernels import PORTABLE, XLA, Kernels
from asc_jax.net.tpu import TPU


def kernels_for(backend: str | None, train: bool) -> Kernels:
    """The kernels for "cpu", "gpu", "tpu", "portable" (other runtimes), else XLA's; None is the platform JAX uses."""
    match backend or jax.default_backend():
        case "cpu":
            return CPU_TRAINING if train else CPU
        case "gpu":
            return GPU
        case "tpu":
            return TPU
        case "portable":
            return PORTABLE
        case _:
            return XLA

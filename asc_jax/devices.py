"""All devices as one mesh: each trains on its share of every batch, and holds a copy of everything else."""

import os
from collections.abc import Sequence
from functools import cache
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from asc_jax.errors import UserError

AXIS = "devices"
EVERYWHERE = ("clips", "responses")  # what of a batch is not of its clips, and lies on every device already


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def use_cores(batch_size: int) -> None:
    """Makes CPU cores devices of their own, as many as can share a batch.

    Where JAX has started, or its settings tell the number, nothing changes. A core that keeps to its own clips finds
    them in its own cache; it waits for the others only where sums over the whole batch are needed.
    """
    chosen = jax.config.jax_num_cpu_devices  # pyright: ignore[reportAttributeAccessIssue]  JAX adds its settings as it starts
    if chosen >= 0 or "host_platform_device_count" in os.environ.get("XLA_FLAGS", ""):
        return
    try:
        jax.config.update("jax_num_cpu_devices", next(n for n in range(cores(), 0, -1) if batch_size % n == 0))
    except RuntimeError:
        pass


def compiler_options(platform: str, sharing: bool) -> dict:
    """XLA's options for a program on a CPU, none elsewhere; cores that are `sharing` it have one thread each.

    Vector instructions take all the width there is. In an order that looks at memory first, what a training step
    stores for its backward pass takes a third less.
    """
    if platform != "cpu":
        return {}
    return {
        "xla_cpu_multi_thread_eigen": not sharing,
        "xla_cpu_prefer_vector_width": 512,
        "xla_cpu_scheduler_type": "CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED",
    }


def platform(mesh: Mesh) -> str:
    """What kind of devices a mesh has: cpu, gpu (CUDA) or tpu."""
    return mesh.devices.flat[0].platform


@cache
def mesh() -> Mesh:
    """One axis over all devices of all processes, in the order in which the processes share a batch."""
    return mesh_of(sorted(jax.devices(), key=lambda device: (device.process_index, device.id)))


def mesh_of(devices: Sequence[Any]) -> Mesh:
    """One axis over these devices, which need not be here: programs are compiled for them."""
    return Mesh(np.array(devices), (AXIS,), axis_types=(AxisType.Auto,))


def can_share(clips: int) -> bool:
    """Whether that many clips are the same number for each device."""
    return clips % jax.device_count() == 0


def check_batch(batch_size: int, option: str = "--batch-size") -> None:
    """UserError, naming the option that says it, unless the devices can share a batch of that size."""
    if not can_share(batch_size):
        fitting = batch_size + jax.device_count() - batch_size % jax.device_count()
        raise UserError(
            f"{jax.device_count()} devices cannot share a batch of {batch_size} clips: use {option} {fitting}"
        )


def on_every_device(tree: Any) -> Any:
    """A copy of each array for each device of all processes, which have the same arrays."""
    return jax.make_array_from_process_local_data(everywhere(), jax.device_get(tree))


def everywhere() -> NamedSharding:
    """How a copy on every device is written."""
    return NamedSharding(mesh(), PartitionSpec())


def shardings(mesh: Mesh, batch: dict) -> dict[str, NamedSharding]:
    """How each array of a batch is sharded over the mesh."""
    return {name: NamedSharding(mesh, spec) for name, spec in partition_specs(batch).items()}


def partition_specs(batch: dict) -> dict[str, PartitionSpec]:
    """How a batch is sharded over the mesh: each device has its clips, and all of what is EVERYWHERE."""
    return {name: PartitionSpec() if name in EVERYWHERE else PartitionSpec(AXIS) for name in batch}


def shard_batch(batch: dict) -> dict:
    """The batch, of which this process has its slice, sharded over the devices."""
    placed = {name: to for name, to in shardings(mesh(), batch).items() if name not in EVERYWHERE}
    return batch | jax.make_array_from_process_local_data(placed, {name: batch[name] for name in placed})

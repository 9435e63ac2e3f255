"""All devices as one mesh: each trains on its share of every batch, and holds a copy of everything else."""

import os
from functools import cache

import jax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from asc_jax.errors import UserError

AXIS = "devices"


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def use_cores(batch_size: int) -> None:
    """Makes CPU cores devices of their own, as many as can share a batch; where JAX has started, nothing changes.

    A core that keeps to its own clips finds them in its own cache; it waits for the others only where sums over the
    whole batch are needed.
    """
    try:
        jax.config.update("jax_num_cpu_devices", next(n for n in range(cores(), 0, -1) if batch_size % n == 0))
    except RuntimeError:
        pass


@cache
def mesh() -> Mesh:
    """One axis over all devices of all hosts."""
    return jax.make_mesh((jax.device_count(),), (AXIS,), axis_types=(AxisType.Auto,))


def check_batch(batch_size: int) -> None:
    """UserError unless the devices can share a batch of that size."""
    if left := batch_size % jax.device_count():
        fitting = batch_size + jax.device_count() - left
        raise UserError(
            f"{jax.device_count()} devices cannot share a batch of {batch_size} clips: use --batch-size {fitting}"
        )


def on_every_device(tree):
    """A copy of each array for each device."""
    return jax.device_put(tree, NamedSharding(mesh(), PartitionSpec()))


def shares(batch: dict) -> dict[str, PartitionSpec]:
    """How a batch lies on the mesh: a split that is kept on the device is everywhere, of the rest each has a share."""
    return {name: PartitionSpec() if name == "clips" else PartitionSpec(AXIS) for name in batch}


def shared(batch: dict) -> dict:
    """The batch, a share on each device."""
    return jax.device_put(batch, {name: NamedSharding(mesh(), spec) for name, spec in shares(batch).items()})

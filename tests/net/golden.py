"""The arrays of the released network (../shared/golden), in this project's names and layouts."""

import pathlib

import jax
import jax.numpy as jnp
import pytest

from asc_jax.deploy.released import from_released
from asc_jax.net.scenenet import SceneNet

FILE = pathlib.Path(__file__).parents[3] / "shared/golden/released_network.npz"
needed = pytest.mark.skipif(
    not FILE.exists(), reason=f"needs the released network's arrays, {FILE}, which are not part of this repository"
)


def variables(arrays, prefix: str):
    """All `prefix`/... arrays like the variables of SceneNet; only the params where there are no statistics."""
    tensors = {key.removeprefix(f"{prefix}/"): arrays[key] for key in arrays.files if key.startswith(f"{prefix}/")}
    like = dict(jax.eval_shape(SceneNet(10).init, jax.random.key(0), jnp.zeros((1, 160_000))))
    if not any("running_mean" in name for name in tensors):
        del like["batch_stats"]
    return from_released(tensors, like)

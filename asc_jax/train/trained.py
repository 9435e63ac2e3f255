"""The network of a trained round, from its folder."""

import jax

from asc_jax.config import METRICS, PREDICTIONS
from asc_jax.errors import UserError
from asc_jax.evaluate.runs import networks
from asc_jax.net.ensemble import Net, network_of
from asc_jax.train import checkpoint, claims, metrics
from asc_jax.train.step import create_state
from asc_jax.typed import AnyPath

Trained = tuple[Net, tuple[str, ...], dict]  # a network, its scenes, {params, batch_stats}


def load(folder: AnyPath) -> Trained:
    """The latest network of a round's folder: (network, its scenes, {params, batch_stats})."""
    settings = claims.settings(folder)
    net = network_of(len(settings["scenes"]), networks(settings))
    like = jax.eval_shape(lambda: create_state(net, settings["samples"], jax.random.key(0)))
    with checkpoint.opened(folder) as checkpoints:
        state = checkpoint.restore(checkpoints, like, only=_last_step(folder))
    if state is None:
        raise UserError(f"{folder} has no checkpoint: repeat the command that trained it")
    return net, tuple(settings["scenes"]), state.variables


def _last_step(folder: AnyPath) -> int | None:
    """The step after which a finished round was tested; None of one that has not finished, or was imported."""
    file = folder / METRICS
    rows = metrics.read(file) if (folder / PREDICTIONS).exists() and file.exists() else []
    return int(rows[-1]["step"]) if rows else None

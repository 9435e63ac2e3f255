"""A run whose network is an ensemble of those of other runs."""

from dataclasses import asdict
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from asc_jax.config import INTERMEDIATES, PREDICTIONS, Phase, Round
from asc_jax.data.leaks import write_leak
from asc_jax.errors import UserError
from asc_jax.evaluate.predict import Intermediates, Predictions, to_csv, write_intermediates
from asc_jax.evaluate.runs import FinishedRound, networks, read_run
from asc_jax.net.arcface import unit
from asc_jax.net.ensemble import member, network_of
from asc_jax.train import checkpoint, claims
from asc_jax.train.step import create_state
from asc_jax.train.trained import load

SHARED = ("scenes", "samples", "data", "split")  # settings that are the same for all members


def write_ensemble(runs: list[Path], folder: Path) -> None:
    """Makes `folder` a round with the last rounds of these runs as its network, tested as they were.

    UserError if they know other scenes, or were trained on clips of another length or tested on other clips.
    """
    members = [read_run(run)[-1] for run in runs]
    first = members[0]
    if nested := [each.folder for each in members if "members" in each.settings]:
        raise UserError(f"{nested[0]} is an ensemble already: name the runs that it is made of")
    shared = {name: first.settings[name] for name in SHARED}
    for other in members[1:]:
        if different := claims.differences(shared, {name: other.settings[name] for name in SHARED}):
            raise UserError(f"{other.folder} cannot be averaged with {first.folder}: {'; '.join(different)}")
        if other.tested.details != first.tested.details:
            raise UserError(f"{other.folder} and {first.folder} were not tested on the same clips")
    loaded = [load(each.folder)[2] for each in members]
    settings = _settings(members, folder.name)
    net = network_of(len(settings["scenes"]), networks(settings))
    shapes = jax.eval_shape(lambda: create_state(net, settings["samples"], jax.random.key(0)))
    state = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
    variables = {
        kind: {member(number): each[kind] for number, each in enumerate(loaded)} for kind in ("params", "batch_stats")
    }
    leak = first.leak if len(first.tested.truth) else None  # imported weights may not have been tested
    records = first.config["records"]
    claims.claim(folder, settings, records and Path(records))
    with checkpoint.opened(folder) as checkpoints:
        checkpoint.save(checkpoints, 0, state.replace(**variables))
        checkpoint.finish(checkpoints)
    if leak:
        write_leak(folder, leak)
    if intermediates := _intermediates(members):
        write_intermediates(folder / INTERMEDIATES, intermediates)
    claims.write_text(folder / PREDICTIONS, to_csv(_predictions(members)))


def _settings(members: list[FinishedRound], name: str) -> dict:
    """Those of the first, as far as they are an ensemble's, and which rounds these were."""
    first = members[0].settings
    splits = tuple(first["round"]["splits"])
    return {name: first[name] for name in SHARED} | {
        "round": asdict(Round(name, first["round"]["command"], Phase(), first["round"]["data"], splits)),
        "network": [each.settings["network"] for each in members],
        "seed": 0,
        "members": [str(each.folder.absolute()) for each in members],
    }


def _predictions(members: list[FinishedRound]) -> Predictions:
    first = members[0].tested
    cosine = np.mean([each.tested.cosine for each in members], 0)
    return Predictions(first.scenes, cosine, first.truth, first.details)


def _intermediates(members: list[FinishedRound]) -> Intermediates | None:
    """As the ensemble has them, if every member's are there."""
    found = [each.intermediates for each in members if each.intermediates]
    if len(found) < len(members):
        return None
    embedding = np.concatenate([unit(jnp.asarray(each.embedding)) for each in found], 1)
    return Intermediates(embedding, found[0].features, found[0].attention)

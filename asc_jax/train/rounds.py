"""One round, from its start or its last checkpoint, to a trained and tested network."""

import zlib
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

from asc_jax.config import (
    INTERMEDIATES,
    PREDICTIONS,
    RELABELLED,
    SYNTHESIS_EPOCH,
    UNLABELLED,
    VALIDATION,
    Experiment,
    Phase,
    Round,
    all_rounds,
)
from asc_jax.data import responses
from asc_jax.data.batches import listed_weights
from asc_jax.data.leaks import check, write_leak
from asc_jax.data.records import Clips, Records
from asc_jax.devices import check_batch, on_every_device
from asc_jax.errors import UserError
from asc_jax.evaluate.predict import predict, to_csv, write_intermediates
from asc_jax.evaluate.runs import start_of
from asc_jax.net.arcface import unit
from asc_jax.net.ensemble import Ensemble, Net
from asc_jax.net.scenenet import SceneNet
from asc_jax.processes import is_first, wait
from asc_jax.train import checkpoint, claims, teachers
from asc_jax.train.inputs import batches_of_clips, batches_of_sounds, clips_of_step, write_pseudo_labels
from asc_jax.train.lock import locked
from asc_jax.train.loop import train
from asc_jax.train.shipped import fingerprint, shipped
from asc_jax.train.step import TrainState, create_state
from asc_jax.train.stopping import NotFinite
from asc_jax.train.trained import Trained, load
from asc_jax.train.validation import validate, validation_clips
from asc_jax.typed import AnyPath


def run(experiment: Experiment, round_: Round, records: Records) -> None:
    """Trains a round in experiment.folder / its name and predicts its test clips; what is done already is kept.

    Weights come from the round's own latest checkpoint, else (the trunk alone) from the round it starts from, else
    from the seed.
    """
    folder = experiment.folder / round_.name
    settings = _settings(experiment, round_, records)
    if experiment.predictions(round_.name).exists():
        claims.claim(folder, settings, records.path)
        return
    tested, clips, steps_per_epoch = check_round(round_, records)
    held_out = validation_clips(round_, records)
    phase = replace(round_.phase, epochs=max(round_.phase.epochs, -(-round_.phase.steps // steps_per_epoch)))
    batch_size = experiment.pretrain.batch_size if round_.synthesis else phase.batch_size  # of predictions
    before = _before(experiment, round_, records)
    if round_.uses_teachers:
        teachers.check(experiment.teachers, records, clips)
    leaks = [check(records, each, round_.splits) for each in ("test", *([VALIDATION] if held_out else []))]
    for leak in leaks:
        print(f"{round_.name}, {leak}")
    net = SceneNet(len(records.scenes), experiment.network)
    seed = _seed(experiment, round_.name)
    fresh = create_state(net, records.samples, jax.random.key(seed))
    if round_.shipped:
        before = (net, records.scenes, shipped(experiment.network))
    if before:
        fresh = _on_trunk(fresh, before, round_)
    claims.claim(folder, settings, records.path)
    if is_first():
        for leak in leaks:
            write_leak(folder, leak)
    with locked(folder), checkpoint.opened(folder) as checkpoints:
        # Placed alike, a fresh state and a restored one share the compiled step (and its entry in the cache).
        state: TrainState = checkpoint.restore(checkpoints, fresh) or on_every_device(fresh)
        if not round_.shipped:
            state = _trained(experiment, round_, phase, records, before, net, state, checkpoints)
        if round_.synthesis or round_.shipped:
            state = _with_class_means(net, state, clips, batch_size)
            checkpoint.save(checkpoints, int(state.step), state)
    if UNLABELLED in round_.splits:
        write_pseudo_labels(folder / RELABELLED, net, state.variables, records.split(UNLABELLED), batch_size)
    test(folder, net, state.variables, tested, batch_size)


def _trained(
    experiment: Experiment,
    round_: Round,
    phase: Phase,
    records: Records,
    before: Trained | None,
    net: SceneNet,
    state: TrainState,
    checkpoints: ocp.CheckpointManager,
) -> TrainState:
    """The state after the last step of the round; UserError where a loss or weight is not finite."""
    folder, seed, clips = experiment.folder / round_.name, _seed(experiment, round_.name), records.split(*round_.splits)
    steps_per_epoch = _steps_per_epoch(round_, clips)
    held_out = validation_clips(round_, records)
    score = partial(validate, net, clips=held_out, batch_size=phase.batch_size) if held_out else None
    if round_.synthesis:
        batches = batches_of_sounds(experiment, phase.augmentation)
    else:
        batches = batches_of_clips(experiment, round_, phase, records, before, seed, int(state.step))
    try:
        return train(net, phase, state, batches, steps_per_epoch, checkpoints, folder, seed, round_.synthesis, score)
    except NotFinite as error:
        if round_.synthesis:
            where, advice = "Its sounds are synthesised", "Lower --synthesis-learning-rate"
        else:
            where = f"Its clips: {clips_of_step(clips, phase, seed, error.step)}"
            advice = "Look at these clips, lower --learning-rate"
        raise UserError(
            f"{round_.name}: the loss or weights of step {error.step} are not finite. {where}. "
            f"Last good checkpoint: step {checkpoints.latest_step() or 'none'}. "
            f"{advice}, or let --debug-nans find the place"
        ) from error


def _with_class_means(net: SceneNet, state: TrainState, clips: Clips, batch_size: int) -> TrainState:
    """The state whose head has each scene's mean embedding as its direction: a test by the nearest class mean."""
    embedding = unit(jnp.asarray(predict(net, state.variables, clips, batch_size)[1].embedding))
    one_hot = jax.nn.one_hot(clips.class_ids("label"), len(clips.scenes))
    directions = unit(one_hot.T @ embedding)
    return state.replace(params={**state.params, "head": on_every_device({"directions": directions})})


def check_round(round_: Round, records: Records) -> tuple[Clips, Clips, int]:
    """(the round's test clips, its training clips, steps per epoch); UserError where they cannot be trained on."""
    tested, clips = records.split("test"), records.split(*round_.splits)
    labelled = [split for split in round_.splits if split != UNLABELLED or round_.start is None]
    if missing := records.split(*labelled).table["label"].eq("").sum():
        raise UserError(f"{round_.name}: {missing} clips of {' and '.join(labelled)} have no label to learn from")
    listed_weights(clips)
    return tested, clips, _steps_per_epoch(round_, clips)


def check_folders(experiment: Experiment, round_: Round, records: Records) -> None:
    """UserError where a round's folder holds other settings, or where it starts from another run that cannot be one."""
    claims.check(experiment.folder / round_.name, _settings(experiment, round_, records))
    if round_.start and "/" in round_.start:
        _before(experiment, round_, records)


def test(folder: AnyPath, net: Net, variables: dict, clips: Clips, batch_size: int) -> None:
    """Predicts the test clips; a round whose predictions are there has finished."""
    predictions, intermediates = predict(net, variables, clips, batch_size)
    if is_first():
        write_intermediates(folder / INTERMEDIATES, intermediates)
        claims.write_text(folder / PREDICTIONS, to_csv(predictions))
    wait(f"predictions of {folder.name}")


def _before(experiment: Experiment, round_: Round, records: Records) -> Trained | None:
    """The finished network that a round starts from, with its scenes and variables."""
    if round_.start is None:
        return None
    folder = start_of(experiment.folder, round_.start)
    if not (folder / PREDICTIONS).exists():
        command = next(other.command for other in all_rounds(experiment) if other.name == round_.start)
        raise UserError(
            f"{round_.name} starts from {round_.start}, which has not finished in {experiment.folder}: "
            f"run 'asc-jax {command} {experiment.name}' first (or 'make {command}'), with the same options"
        )
    before = load(folder)
    if isinstance(before[0], Ensemble):
        raise UserError(f"{round_.name} cannot start from {folder}, an ensemble; it can be a teacher: --teachers")
    if UNLABELLED in round_.splits and before[1] != records.scenes:
        raise UserError(
            f"{round_.name}: {round_.start} knows the scenes {', '.join(before[1])}, "
            f"but {records.path} has {', '.join(records.scenes)}; "
            "finetune on the same data set first (--finetune-rounds 1)"
        )
    return before


def _settings(experiment: Experiment, round_: Round, records: Records) -> dict:
    """What a round's result depends on: the same settings and start give the same weights."""
    how = round_.phase.augmentation
    given = Path(how.impulse_responses) if how.dir_prob and how.impulse_responses else None
    return {
        "round": asdict(round_),
        "network": asdict(experiment.network),
        "seed": experiment.seed,
        "data": records.identity,
        "split": records.split_by,
        "samples": records.samples,
        "scenes": records.scenes,
        "responses": given and responses.fingerprint(given),
        "teachers": _teacher_settings(experiment) if round_.uses_teachers else None,
        "shipped": fingerprint() if round_.shipped else None,
    }


def _teacher_settings(experiment: Experiment) -> dict | None:
    """What the soft labels depend on; None without teachers."""
    if not experiment.teachers:
        return None
    found = list(map(teachers.fingerprint, experiment.teachers))
    return {"fingerprints": found, "temperature": experiment.teacher_temperature, "weight": experiment.teacher_weight}


def _seed(experiment: Experiment, name: str) -> int:
    """A seed of its own for each round: grain's epochs count upwards from it, so neighbours would repeat orders."""
    return int(np.random.SeedSequence((experiment.seed, zlib.crc32(name.encode()))).generate_state(1)[0])


def _on_trunk(fresh: TrainState, before: Trained, round_: Round) -> TrainState:
    """A fresh state whose weights, but for the head, are those of the round before."""
    variables = before[2]
    params = {**variables["params"], "head": fresh.params["head"]}
    old, new = (jax.tree.map(np.shape, tree) for tree in (params, fresh.params))
    if old != new:
        wrong = next(name for name in new if old[name] != new[name])
        raise UserError(
            f"{round_.name} cannot start from {round_.start}: its {wrong} has another shape; "
            "give both the same --seconds and network"
        )
    return fresh.replace(params=params, batch_stats=variables["batch_stats"])


def _steps_per_epoch(round_: Round, clips: Clips) -> int:
    if round_.synthesis:
        check_batch(round_.synthesis.pairs, "--synthesis-pairs")
        return SYNTHESIS_EPOCH
    if round_.phase.batch_size < 2:
        raise UserError(
            f"{round_.name}: a batch of one clip has no variance to normalise by; use --batch-size 2 or more"
        )
    check_batch(round_.phase.batch_size)
    if round_.shipped:
        return 1
    if len(clips) < round_.phase.batch_size:
        raise UserError(
            f"{round_.name}: {len(clips)} clips to learn from are less than one batch of {round_.phase.batch_size}; "
            f"use --batch-size {len(clips)} or less"
        )
    return len(clips) // round_.phase.batch_size

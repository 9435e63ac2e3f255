"""One round, from its start or its last checkpoint, to a trained and tested network."""

import zlib
from dataclasses import asdict, replace
from pathlib import Path

import jax
import numpy as np

from asc_jax.config import (
    INTERMEDIATES,
    METRICS,
    PREDICTIONS,
    PSEUDO_LABELS,
    RELABELLED,
    UNLABELLED,
    Augmentation,
    Experiment,
    Round,
    all_rounds,
)
from asc_jax.data import responses
from asc_jax.data.batches import Labels, order, targets, training_batches
from asc_jax.data.cache import Read, reader
from asc_jax.data.leaks import check, write_leak
from asc_jax.data.records import Clips, Records
from asc_jax.devices import check_batch, on_every_device
from asc_jax.errors import UserError
from asc_jax.evaluate.predict import predict, to_csv, write_intermediates
from asc_jax.evaluate.runs import start_of
from asc_jax.net.options import Network
from asc_jax.net.scenenet import SceneNet
from asc_jax.processes import is_first, wait
from asc_jax.train import checkpoint, claims, metrics, pseudolabels
from asc_jax.train.lock import locked
from asc_jax.train.loop import train
from asc_jax.train.step import TrainState, create_state
from asc_jax.train.stopping import NotFinite
from asc_jax.typed import AnyPath

Trained = tuple[SceneNet, tuple[str, ...], dict]  # a network, its scenes, {params, batch_stats}


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
    phase = replace(round_.phase, epochs=max(round_.phase.epochs, -(-round_.phase.steps // steps_per_epoch)))
    before = _before(experiment, round_, records)
    leak = check(records, "test", round_.splits)
    print(f"{round_.name}, {leak}")
    net = SceneNet(len(records.scenes), experiment.network)
    seed = _seed(experiment, round_.name)
    fresh = create_state(net, records.samples, jax.random.key(seed))
    if before:
        fresh = _on_trunk(fresh, before, round_)
    claims.claim(folder, settings, records.path)
    if is_first():
        write_leak(folder, leak)
    batch_size, epochs = phase.batch_size, phase.epochs
    with locked(folder), checkpoint.opened(folder) as checkpoints:
        # Placed alike, a fresh state and a restored one share the compiled step (and its entry in the cache).
        state: TrainState = checkpoint.restore(checkpoints, fresh) or on_every_device(fresh)
        batches = training_batches(
            with_impulse_responses(reader(clips, experiment.cache), phase.augmentation, experiment.seed),
            targets(clips, _labels_of_unlabelled(round_, records, before, folder)),
            batch_size,
            epochs,
            seed,
            int(state.step),
            jax.process_index(),
            jax.process_count(),
        )
        try:
            state = train(net, phase, state, batches, steps_per_epoch, checkpoints, folder, seed)
        except NotFinite as error:
            numbers = np.asarray(order(len(clips), batch_size, epochs, seed)[error.step])
            names = ", ".join(clips.column("id")[number] for number in numbers)
            raise UserError(
                f"{round_.name}: the loss or weights of step {error.step} are not finite. Its clips: {names}. "
                f"Last good checkpoint: step {checkpoints.latest_step() or 'none'}. "
                "Look at these clips, lower --learning-rate, or let --debug-nans find the place"
            ) from error
    if UNLABELLED in round_.splits:
        _write_pseudo_labels(folder / RELABELLED, net, state.variables, records.split(UNLABELLED), batch_size)
    test(folder, net, state.variables, tested, batch_size)


def check_round(round_: Round, records: Records) -> tuple[Clips, Clips, int]:
    """(the round's test clips, its training clips, steps per epoch); UserError where they are too few or unlabelled."""
    tested, clips = records.split("test"), records.split(*round_.splits)
    labelled = [split for split in round_.splits if split != UNLABELLED or round_.start is None]
    if missing := records.split(*labelled).table["label"].eq("").sum():
        raise UserError(f"{round_.name}: {missing} clips of {' and '.join(labelled)} have no label to learn from")
    return tested, clips, _steps_per_epoch(round_, clips)


def test(folder: AnyPath, net: SceneNet, variables: dict, clips: Clips, batch_size: int) -> None:
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
    if UNLABELLED in round_.splits and before[1] != records.scenes:
        raise UserError(
            f"{round_.name}: {round_.start} knows the scenes {', '.join(before[1])}, "
            f"but {records.path} has {', '.join(records.scenes)}; finetune on the same data set first"
        )
    return before


def load(folder: AnyPath) -> Trained:
    """The latest network of a round's folder: (network, its scenes, {params, batch_stats})."""
    settings = claims.settings(folder)
    net = SceneNet(len(settings["scenes"]), Network(**settings["network"]))
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
    }


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


def _labels_of_unlabelled(round_: Round, records: Records, before: Trained | None, folder: AnyPath) -> Labels:
    """The pseudo-labels by `before`, where the round trains on unlabelled clips; they are generated once."""
    if before is None or UNLABELLED not in round_.splits:
        return {}
    file = folder / PSEUDO_LABELS
    if not file.exists():
        net, _, variables = before
        _write_pseudo_labels(file, net, variables, records.split(UNLABELLED), round_.phase.batch_size)
    wait(f"pseudo-labels of {round_.name}")
    return pseudolabels.read_csv(file)


def _write_pseudo_labels(file: AnyPath, net: SceneNet, variables: dict, clips: Clips, batch_size: int) -> None:
    predictions, _ = predict(net, variables, clips, batch_size)
    if is_first():
        claims.write_text(file, pseudolabels.to_csv(predictions))


def with_impulse_responses(read: Read, how: Augmentation, seed: int) -> Read:
    """Batches as `read` returns them, with the device impulse responses of the augmentation, if it uses any."""
    if not how.dir_prob:
        return read
    known = responses.recorded(Path(how.impulse_responses)) if how.impulse_responses else responses.synthesised(seed)
    known = on_every_device(known)
    return lambda numbers: read(numbers) | {"responses": known}


def _steps_per_epoch(round_: Round, clips: Clips) -> int:
    if round_.phase.batch_size < 2:
        raise UserError(
            f"{round_.name}: a batch of one clip has no variance to normalise by; use --batch-size 2 or more"
        )
    check_batch(round_.phase.batch_size)
    if len(clips) < round_.phase.batch_size:
        raise UserError(
            f"{round_.name}: {len(clips)} clips to learn from are less than one batch of {round_.phase.batch_size}; "
            f"use --batch-size {len(clips)} or less"
        )
    return len(clips) // round_.phase.batch_size

"""What the steps of a round train on: clips with labels, pseudo-labels and soft labels, or synthesised sounds."""

from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import jax
import numpy as np

from asc_jax.config import PSEUDO_LABELS, SOFT_LABELS, UNLABELLED, Augmentation, Experiment, Phase, Round
from asc_jax.data import responses
from asc_jax.data.batches import Labels, order, targets, training_batches
from asc_jax.data.cache import Read, reader
from asc_jax.data.records import Clips, Records
from asc_jax.devices import on_every_device
from asc_jax.evaluate.predict import predict
from asc_jax.net.ensemble import Net
from asc_jax.processes import is_first, wait
from asc_jax.train import claims, pseudolabels, teachers
from asc_jax.train.trained import Trained
from asc_jax.typed import AnyPath


def batches_of_sounds(experiment: Experiment, how: Augmentation) -> Iterator[dict]:
    """What a step on synthesised sounds, which it makes itself, takes: impulse responses or nothing, forever."""
    return repeat(with_impulse_responses(lambda _: {}, how, experiment.seed)(np.arange(0)))


def batches_of_clips(
    experiment: Experiment, round_: Round, phase: Phase, records: Records, before: Trained | None, seed: int, step: int
) -> Iterator[dict]:
    """This process's slice of the batches of a round from a step on, with labels, pseudo-labels and soft labels."""
    clips = records.split(*round_.splits)
    learned = targets(clips, _labels_of_unlabelled(experiment, round_, records, before))
    learned |= _soft_labels(experiment, round_, clips)
    return training_batches(
        with_impulse_responses(reader(clips, experiment.cache), phase.augmentation, experiment.seed),
        learned,
        phase.batch_size,
        phase.epochs,
        seed,
        step,
        jax.process_index(),
        jax.process_count(),
    )


def clips_of_step(clips: Clips, phase: Phase, seed: int, step: int) -> str:
    """The ids of the clips of a step."""
    numbers = np.asarray(order(len(clips), phase.batch_size, phase.epochs, seed)[step])
    return ", ".join(clips.column("id")[number] for number in numbers)


def _labels_of_unlabelled(experiment: Experiment, round_: Round, records: Records, before: Trained | None) -> Labels:
    """The pseudo-labels by `before`, where the round trains on unlabelled clips; they are generated once."""
    if before is None or UNLABELLED not in round_.splits:
        return {}
    file = experiment.folder / round_.name / PSEUDO_LABELS
    if not file.exists():
        net, _, variables = before
        write_pseudo_labels(file, net, variables, records.split(UNLABELLED), round_.phase.batch_size)
    wait(f"pseudo-labels of {round_.name}")
    return pseudolabels.read_csv(file)


def _soft_labels(experiment: Experiment, round_: Round, clips: Clips) -> dict[str, np.ndarray]:
    """The teachers' distributions over the scenes, where the round has teachers."""
    if not experiment.teachers or not round_.uses_teachers:
        return {}
    file = experiment.folder / round_.name / SOFT_LABELS
    if not file.exists():
        found = teachers.soft_labels(
            experiment.teachers, experiment.teacher_temperature, clips, round_.phase.batch_size
        )
        if is_first():
            claims.write_text(file, teachers.to_csv(found))
    wait(f"soft labels of {round_.name}")
    return teachers.targets(clips, teachers.read_csv(file), experiment.teacher_weight)


def write_pseudo_labels(file: AnyPath, net: Net, variables: dict, clips: Clips, batch_size: int) -> None:
    """Labels every clip by the network's prediction, and keeps them in a table."""
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

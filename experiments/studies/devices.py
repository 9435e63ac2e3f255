"""What copies of a network for the devices that it knows are worth, as in DCASE 2025's task 1.

    .venv/bin/python experiments/studies/devices.py runs/few_labels

Each run is finished, with its records at hand. For each device of its training clips, copies of its last network learn
the clips of that device alone, the unlabelled ones with the labels that the network gave them, without the
augmentations that imitate other devices. Of one copy everything is trained, of the other the normalisations and the
head. It prints the accuracy of network and copies on the test clips of these devices, over all runs, and the
differences with 95 % intervals over sessions.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import jax
import numpy as np

from asc_jax.cli.training import use_compilation_cache
from asc_jax.config import RELABELLED, UNLABELLED, Augmentation, Phase
from asc_jax.data.batches import targets, training_batches
from asc_jax.data.cache import reader
from asc_jax.data.records import Clips
from asc_jax.deploy.records import clips_of
from asc_jax.devices import on_every_device, shard_batch
from asc_jax.evaluate.predict import Predictions, joined, predict
from asc_jax.evaluate.runs import FinishedRound, read_run
from asc_jax.evaluate.scores import limits, resample_sessions
from asc_jax.net.scenenet import SceneNet
from asc_jax.train import pseudolabels
from asc_jax.train.step import create_state, training_step
from asc_jax.train.trained import load

NORMS_AND_HEAD = ("scale", "bias", "slope", "directions")  # names of arrays
COPIES = {"all": None, "norms and head": NORMS_AND_HEAD}


@dataclass(frozen=True)
class Schedule:
    """How a copy is trained: at a constant rate."""

    steps: int
    learning_rate: float
    batch_size: int = 32


def copies(round_: FinishedRound, how: Schedule) -> Iterator[dict[str, Predictions]]:
    """For each known device, its test clips' predictions by the network and by its copies."""
    net, _, variables = load(round_.folder)
    net = cast(SceneNet, net)
    trained, tested = clips_of(round_, tested=False), clips_of(round_, tested=True)
    labels = (
        pseudolabels.read_csv(round_.folder / RELABELLED) if UNLABELLED in round_.settings["round"]["splits"] else {}
    )
    for device in sorted(set(trained.column("device")) & set(tested.column("device"))):
        own, test = _of_device(trained, device), _of_device(tested, device)
        found = {"network": predict(net, variables, test, how.batch_size)[0]}
        for name, only in COPIES.items():
            copy = finetuned(net, variables, own, targets(own, labels), how, only)
            found[name] = predict(net, copy, test, how.batch_size)[0]
        print(
            round_.folder,
            device,
            {name: f"{100 * _right(each).mean():.1f}" for name, each in found.items()},
            flush=True,
        )
        yield found


def finetuned(
    net: SceneNet, variables: dict, clips: Clips, learned: dict, how: Schedule, only: tuple[str, ...] | None
) -> dict:
    """{params, batch_stats} after training on the clips; `only` names the arrays that change, None is all."""
    batch_size = min(how.batch_size, len(clips) // 2 * 2)
    epochs = -(-how.steps // (len(clips) // batch_size))
    step = training_step(net, Phase(augmentation=Augmentation(time_shift=0.5), weight_decay=0.0))
    state = create_state(net, clips.samples, jax.random.key(0)).replace(**variables)
    state = on_every_device(state)
    batches = training_batches(reader(clips, "host"), learned, batch_size, epochs, seed=0, step=0)
    for _, batch in zip(range(how.steps), batches, strict=False):
        before = jax.tree.map(np.asarray, state.params) if only else None
        state, _ = step(state, shard_batch(batch), how.learning_rate, np.uint32(0))
        if only:
            state = state.replace(params=on_every_device(_mixed(before, state.params, only)))
    return state.variables


def _mixed(before: Any, after: Any, only: tuple[str, ...]) -> Any:
    """The arrays of these names from `after`, the others from `before`."""
    return jax.tree_util.tree_map_with_path(lambda path, old, new: new if path[-1].key in only else old, before, after)


def _of_device(clips: Clips, device: str) -> Clips:
    return replace(clips, table=clips.table[clips.table["device"] == device])


def _right(predictions: Predictions) -> np.ndarray:
    return predictions.label == predictions.truth


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("runs", type=Path, nargs="+")
    options.add_argument("--steps", type=int, default=40)
    options.add_argument("--learning-rate", type=float, default=1e-4)
    args = options.parse_args()
    use_compilation_cache()
    how = Schedule(args.steps, args.learning_rate)
    found = [each for run in args.runs for each in copies(read_run(run)[-1], how)]
    network = joined([each["network"] for each in found])
    resampled = resample_sessions(network)
    print(f"network: {100 * _right(network).mean():.1f} % of {len(network.truth)} clips")
    for name in COPIES:
        gained = 1.0 * _right(joined([each[name] for each in found])) - _right(network)
        low, high = limits((resampled @ gained) / resampled.sum(1))
        print(f"copies, {name}: {100 * gained.mean():+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}]")


if __name__ == "__main__":
    main()

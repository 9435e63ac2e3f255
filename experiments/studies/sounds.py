"""Pretrains weights such as the shipped ones (asc_jax/train/sounds.npz), on synthesised sounds alone.

    .venv/bin/python experiments/studies/sounds.py FOLDER --seed 1

The network, its augmentation and its step are those of `asc-jax pretrain few_labels --source synthesis`. FOLDER gets
sounds.npz, and sounds-N.npz after about N sounds for each number to keep; it prints sounds per second. The defaults
take half a minute on an H200, and hours on a few CPU cores.
"""

import argparse
import dataclasses
import time
from pathlib import Path

import jax
import numpy as np

from asc_jax.cli.training import use_compilation_cache
from asc_jax.config import Synthesis, rounds
from asc_jax.devices import on_every_device, use_cores
from asc_jax.net.frontend import RATE
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.inputs import batches_of_sounds
from asc_jax.train.shipped import write
from asc_jax.train.step import create_state, learning_rate, training_step
from experiments.few_labels import experiment as few_labels

WARM = 10  # steps that are not timed, the first of which compiles


def train(folder: Path, synthesis: Synthesis, seed: int, keep: list[int]) -> None:
    """Trains in one go, and keeps the weights in the folder."""
    experiment = dataclasses.replace(few_labels, source="synthesis", synthesis=synthesis, seed=seed)
    phase = rounds(experiment, "pretrain")[0].phase
    net = SceneNet(1, experiment.network)
    state = on_every_device(create_state(net, round(synthesis.seconds * RATE), jax.random.key(seed)))
    step = training_step(net, phase, synthesis=synthesis)
    batch = next(batches_of_sounds(experiment, phase.augmentation))
    start = time.perf_counter()
    for number in range(1, synthesis.steps + 1):
        rate = learning_rate(phase, (number - 1) * phase.epochs // synthesis.steps)
        state, metrics = step(state, batch, rate, np.uint32(seed))
        seen = number * 2 * synthesis.pairs
        for mark in [mark for mark in keep if mark <= seen < mark + 2 * synthesis.pairs]:
            write(folder / f"sounds-{mark}.npz", net.network, state.variables)
        if number % WARM == 0:
            loss, found = (float(metrics[name]) for name in ("loss", "accuracy"))
            print(f"{seen} sounds, {time.perf_counter() - start:.1f} s, loss {loss:.3f}, {found:.1%} of pairs found")
            start = time.perf_counter() if number == WARM else start
    write(folder / "sounds.npz", net.network, state.variables)
    print(f"{(synthesis.steps - WARM) * 2 * synthesis.pairs / (time.perf_counter() - start):.0f} sounds/s")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--steps", type=int, default=700)
    options.add_argument("--pairs", type=int, default=256)
    options.add_argument("--seconds", type=float, default=2.0)
    options.add_argument("--learning-rate", type=float, default=3e-3)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--keep", type=int, nargs="*", default=[])
    args = options.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    use_compilation_cache()
    use_cores(2 * args.pairs)
    how = Synthesis(args.steps, args.pairs, args.seconds, learning_rate=args.learning_rate)
    train(args.folder, how, args.seed, args.keep)


if __name__ == "__main__":
    main()

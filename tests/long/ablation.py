"""Which parts of a recipe pay: the whole, the whole without each part, each part alone, and nothing of it.

    .venv/bin/python tests/long/ablation.py FOLDER esc10_robust LIST.csv LIST.csv ... [--seeds 0 1 2] [--only mixup ...]

The lists are folds: each tests clips that no other does. A recipe is pretrained once a seed. What has been trained
already is kept, so the same command goes on. Told are the accuracies of each seed over all folds, and the difference to
the whole with its 95 % interval over sessions and seeds.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

WITHOUT = {
    "roll": ("--roll", "0"),
    "response": ("--response", "0"),
    "noise": ("--noise", "0"),
    "style": ("--style", "0"),
    "masked bands": ("--masked-bands", "0"),
    "mixup": ("--mixup", "0"),
    "average": ("--average", "0"),
    "warm-up": ("--warm-up", "0"),
    "decay of kernels alone": ("--no-decay-kernels-alone",),
}


def recipes(parts: list[str]) -> dict[str, list[str]]:
    """Name -> options of the command line."""

    def without(names):
        return [option for name in names for option in WITHOUT[name]]

    told = {"whole": [], "nothing": without(WITHOUT)}
    for part in parts:
        told[f"without {part}"] = without([part])
        told[f"{part} alone"] = without(name for name in WITHOUT if name != part)
    return told


def train(folder: Path, experiment: str, file: Path, seed: int, options: list[str]) -> Path:
    """The chain on one list, from the pretraining that all lists of this recipe and seed share; the run's folder."""
    shared, run = folder / f"{seed}" / "pretrained", folder / f"{seed}" / file.parent.name
    told = ["--clips", file, "--seed", f"{seed}", *options]
    _run("pretrain", experiment, shared, told)
    if not run.exists():
        shutil.copytree(shared, run)
    for command in ("finetune", "pseudolabel"):
        _run(command, experiment, run, told)
    return run


def _run(command, experiment, folder, options):
    asc_jax = "from asc_jax.cli import main; main()"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.log", "a") as log:
        told = [sys.executable, "-c", asc_jax, command, experiment, "--workdir", folder, *options]
        subprocess.run(told, check=True, stdout=log, stderr=log)


def right(runs: list[Path]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(round -> whether its test clips of all folds are told right, their sessions), of the runs of one seed."""
    from asc_jax.evaluate.runs import read_run

    rounds = [[each for each in read_run(run) if each.name != "pretrain"] for run in runs]
    told = {
        name: np.concatenate([each.predictions.label == each.predictions.truth for each in same])
        for name, same in zip((each.name for each in rounds[0]), zip(*rounds, strict=True), strict=True)
    }
    return told, np.concatenate([each[0].predictions.details["session"] for each in rounds])


def difference(ours: np.ndarray, whole: np.ndarray, sessions: np.ndarray) -> tuple[float, float, float]:
    """In points of accuracy with its limits: of bool [seeds, M] each."""
    random, numbers = np.random.default_rng(0), np.unique(sessions, return_inverse=True)[1]
    drawn = random.multinomial(numbers.max() + 1, np.full(numbers.max() + 1, 1 / (numbers.max() + 1)), 2000)
    seeds = random.multinomial(len(ours), np.full(len(ours), 1 / len(ours)), 2000) / len(ours)
    weight = drawn[:, numbers] / drawn[:, numbers].sum(1, keepdims=True)
    gain = ours.astype(float) - whole
    return 100 * gain.mean(), *np.quantile(100 * ((seeds @ gain) * weight).sum(1), (0.025, 0.975))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("experiment")
    parser.add_argument("lists", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", choices=list(WITHOUT), default=list(WITHOUT))
    wanted = parser.parse_args()
    whole = None
    for name, options in recipes(wanted.only).items():
        folder = wanted.folder / name.replace(" ", "_")
        told = [
            right([train(folder, wanted.experiment, file, seed, options) for file in wanted.lists])
            for seed in wanted.seeds
        ]
        ours = {each: np.stack([rounds[each] for rounds, _ in told]) for each in told[0][0]}
        whole = whole or ours
        for each in ours:
            value, low, high = difference(ours[each], whole[each], told[0][1])
            by_seed = ", ".join(f"{100 * one:.1f}" for one in ours[each].mean(1))
            print(f"{name}, {each}: {by_seed} %; against the whole {value:+.1f} [{low:+.1f}, {high:+.1f}]", flush=True)


if __name__ == "__main__":
    main()

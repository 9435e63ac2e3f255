"""Which parts of a recipe pay: the whole, the whole without each part, each part alone, and none of them.

    .venv/bin/python tests/long/ablation.py FOLDER esc10_robust LIST.csv LIST.csv ... [--seeds 0 1 2] [--parts roll ...]

The lists are folds: each tests recordings that no other does. What is trained is the pretraining, which recipes share
unless they differ in it, and one finetuning: of the whole, and of it without a part, with every seed; of the others
with the first. What has been trained already is kept, so the same command goes on. It tells, and writes to
FOLDER/ablation.csv and .png, the accuracy over all folds and the difference that each recipe makes to the whole and to
none of it, with 95 % intervals over sessions and seeds. On a GPU several trainings go at once: --at-once 12, with
XLA_PYTHON_CLIENT_PREALLOCATE=false.
"""

import argparse
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas

# the options that take a part out of the finetuning, or of the pretraining
FINETUNING = {
    "roll": ("--roll", "0"),
    "response": ("--response", "0"),
    "style": ("--style", "0"),
}
PRETRAINING = {"augmented pretraining": tuple(option for told in FINETUNING.values() for option in told)}
NETWORK = {  # that of all phases
    "residual normalisation": ("--residual-normalisation", "0"),
    "mean over time": ("--no-mean-over-time",),
}
PARTS = [*FINETUNING, *PRETRAINING, *NETWORK]
LIMITS = ("mean", "lowest", "highest")


def recipes(parts: list[str]) -> dict[str, list[str]]:
    """Name of a recipe -> the parts that it lacks."""
    told = {"whole": [], "none": PARTS}
    for part in parts:
        told[f"without {part}"] = [part]
        told[f"{part} alone"] = [each for each in PARTS if each != part]
    return told


def train(wanted: argparse.Namespace, told: dict[str, list[str]]) -> None:
    """All that was not trained before; first the pretraining that recipes share."""
    trained = [(seed, recipe) for seed in wanted.seeds for recipe in told.items() if seed in seeds(wanted, recipe[1])]
    runs = [(*each, file) for each in trained for file in wanted.lists]
    before = {pretrained(wanted.folder, seed, lacking): (seed, lacking) for seed, (_, lacking), _ in runs}
    with ThreadPoolExecutor(wanted.at_once) as pool:
        list(pool.map(lambda of: pretrain(wanted, *of), before.values()))
        list(pool.map(lambda of: finetune(wanted, *of), runs))


def seeds(wanted: argparse.Namespace, lacking: list[str]) -> list[int]:
    """Those that a recipe is trained with: all of them if it lacks one part at most."""
    return wanted.seeds if len(lacking) <= 1 else wanted.seeds[:1]


def pretrained(folder: Path, seed: int, lacking: list[str]) -> Path:
    changed = [part.replace(" ", "_") for part in PRETRAINING | NETWORK if part in lacking]
    return folder / f"{seed}" / "_without_".join(["pretrained", *changed])


def pretrain(wanted: argparse.Namespace, seed: int, lacking: list[str]) -> None:
    told = shared(wanted, seed) + options(lacking, PRETRAINING | NETWORK)
    run("pretrain", wanted.experiment, pretrained(wanted.folder, seed, lacking), told)


def finetuned(folder: Path, seed: int, name: str, file: Path) -> Path:
    return folder / f"{seed}" / name.replace(" ", "_") / fold(file)


def fold(file: Path) -> str:
    """The name of a list's folder: lists may lie together, or have the same name in folders of their own."""
    return f"{file.absolute().parent.name}-{file.stem}"


def finetune(wanted: argparse.Namespace, seed: int, recipe: tuple[str, list[str]], file: Path) -> None:
    name, lacking = recipe  # and the parts that it lacks
    here = finetuned(wanted.folder, seed, name, file)
    if not (here / "pretrain").exists():
        shutil.copytree(pretrained(wanted.folder, seed, lacking) / "pretrain", here / "pretrain")
    told = shared(wanted, seed) + options(lacking, FINETUNING | NETWORK)
    run("finetune", wanted.experiment, here, ["--clips", file, *told])


def shared(wanted: argparse.Namespace, seed: int) -> list:
    return ["--seed", f"{seed}", "--data-dir", wanted.folder / "prepared"]


def options(lacking: list[str], parts: dict[str, tuple]) -> list[str]:
    return [option for part in lacking for option in parts.get(part, ())]


def run(command: str, experiment: str, folder: Path, told: list) -> None:
    """Trains, if it was not trained before; what it prints goes to FOLDER.log."""
    if list(folder.glob(f"{command}*/predictions.csv")):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    asc_jax = "from asc_jax.cli import main; main()"
    with open(f"{folder}.log", "a") as log:
        asked = [sys.executable, "-c", asc_jax, command, experiment, "--workdir", folder, *told]
        subprocess.run(asked, check=True, stdout=log, stderr=log)


def right(wanted: argparse.Namespace, name: str, lacking: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Whether the test clips of all folds are told right, bool [seeds, M], and their sessions [M]."""
    from asc_jax.evaluate.runs import read_run

    told, sessions = [], []
    for seed in seeds(wanted, lacking):
        folders = [finetuned(wanted.folder, seed, name, file) for file in wanted.lists]
        tested = [read_run(folder / "finetune-1")[0].predictions for folder in folders]
        told.append(np.concatenate([each.label == each.truth for each in tested]))
        sessions = np.concatenate([each.details["session"] for each in tested])
    return np.stack(told), np.asarray(sessions)


def difference(ours: np.ndarray, whole: np.ndarray, sessions: np.ndarray) -> tuple[float, float, float]:
    """In points of accuracy with its limits: of bool [seeds, M] each, by the seeds that both were trained with."""
    ours, whole = ours[: len(whole)], whole[: len(ours)]
    random, numbers = np.random.default_rng(0), np.unique(sessions, return_inverse=True)[1]
    drawn = random.multinomial(numbers.max() + 1, np.full(numbers.max() + 1, 1 / (numbers.max() + 1)), 2000)
    share = random.multinomial(len(ours), np.full(len(ours), 1 / len(ours)), 2000) / len(ours)  # of each seed
    weight = drawn[:, numbers] / drawn[:, numbers].sum(1, keepdims=True)
    gain = ours.astype(float) - whole
    return 100 * gain.mean(), *np.quantile(100 * ((share @ gain) * weight).sum(1), (0.025, 0.975))


def picture(table: pandas.DataFrame, parts: list[str]):
    """What each part adds to none, and what the whole loses without it."""
    from asc_jax.report.style import BLUE, GREY, ORANGE, new_figure

    figure = new_figure(0.3 * len(parts) + 1)
    axes = figure.subplots()
    positions = np.arange(len(parts))
    for shift, color, label, by, names in (
        (-0.12, BLUE, "alone, against none", "none", [f"{part} alone" for part in parts]),
        (0.12, ORANGE, "removed, against the whole", "whole", [f"without {part}" for part in parts]),
    ):
        value, low, high = (table.loc[names, f"{limit} against {by}"] for limit in LIMITS)
        axes.hlines(positions + shift, low, high, color=color)
        axes.plot(value, positions + shift, "o", color=color, label=label)
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set(yticks=positions, yticklabels=parts, xlabel="points of accuracy, with 95 % intervals")
    axes.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure, "How each part of the recipe changes the accuracy."


def main() -> None:
    from asc_jax.report.style import save, styled

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("experiment")
    parser.add_argument("lists", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--at-once", type=int, default=1)
    wanted = parser.parse_args()
    table = ablation(wanted)
    figure, _ = styled(picture, table, wanted.parts)
    save(figure, wanted.folder, "ablation")


def ablation(wanted: argparse.Namespace) -> pandas.DataFrame:
    """A row for each recipe."""
    known = recipes(wanted.parts)
    train(wanted, known)
    rows, told = {}, {}
    for name, lacking in known.items():
        told[name], sessions = right(wanted, name, lacking)
        rows[name] = {"accuracy": 100 * told[name].mean()}
        for by in ("whole", "none"):
            if by in told:
                limits = difference(told[name], told[by], sessions)
                rows[name] |= {f"{limit} against {by}": x for limit, x in zip(LIMITS, limits, strict=True)}
        print(name, {key: round(float(value), 1) for key, value in rows[name].items()}, flush=True)
    table = pandas.DataFrame.from_dict(rows, orient="index").rename_axis("recipe")
    table.to_csv(wanted.folder / "ablation.csv", float_format="%.2f")
    return table


if __name__ == "__main__":
    main()

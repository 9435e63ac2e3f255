"""Which parts of a recipe pay: the whole, the whole without each part, each part alone, and none of them.

    .venv/bin/python experiments/studies/ablation.py FOLDER few_labels LIST.csv ... [--seeds 0 1 2] [--parts dir ...]

What is ablated is the recipe from `scenes` with one finetuning. The lists are folds: each tests recordings that no
other does. What is trained is the pretraining, which recipes share unless they differ in it, and one finetuning: of the
whole, and of it without a part, with every seed; of the others with the first. What has been trained already is kept,
so the same command resumes. It prints, and writes to FOLDER/ablation.csv and .png, the accuracy over all folds and the
difference that each recipe makes to the whole and to none of it, with 95 % intervals over sessions and seeds. On a GPU
several trainings go at once: --at-once 12, with XLA_PYTHON_CLIENT_PREALLOCATE=false.
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
    "time-shift": ("--time-shift", "0"),
    "dir": ("--dir-prob", "0"),
    "freq-mixstyle": ("--freq-mixstyle-prob", "0"),
}
PRETRAINING = {"augmented pretraining": tuple(option for options in FINETUNING.values() for option in options)}
NETWORK = {  # that of all phases
    "residual normalisation": ("--residual-normalisation", "0"),
    "mean over time": ("--no-mean-over-time",),
}
PARTS = [*FINETUNING, *PRETRAINING, *NETWORK]
NAMES = {  # in the picture
    "time-shift": "shifted in time by up to half a clip",
    "dir": "device impulse responses",
    "freq-mixstyle": "Freq-MixStyle",
    "augmented pretraining": "augmentation in pretraining, too",
    "residual normalisation": "residual normalisation, 0.3",
    "mean over time": "weights shared over time",
}
RECIPE = ("--source", "scenes", "--finetune-rounds", "1")  # of the recipe whose parts these are
LIMITS = ("mean", "lowest", "highest")


def recipes(parts: list[str]) -> dict[str, list[str]]:
    """Name of a recipe -> the parts that it lacks."""
    recipes = {"whole": [], "none": PARTS}
    for part in parts:
        recipes[f"without {part}"] = [part]
        recipes[f"{part} alone"] = [each for each in PARTS if each != part]
    return recipes


def train(args: argparse.Namespace, recipes: dict[str, list[str]]) -> None:
    """All that was not trained before; first the pretraining that recipes share."""
    trained = [(seed, recipe) for seed in args.seeds for recipe in recipes.items() if seed in seeds(args, recipe[1])]
    runs = [(*each, file) for each in trained for file in args.lists]
    before = {pretrained(args.folder, seed, lacking): (seed, lacking) for seed, (_, lacking), _ in runs}
    with ThreadPoolExecutor(args.at_once) as pool:
        list(pool.map(lambda of: pretrain(args, *of), before.values()))
        list(pool.map(lambda of: finetune(args, *of), runs))


def seeds(args: argparse.Namespace, lacking: list[str]) -> list[int]:
    """Those that a recipe is trained with: all of them if it lacks one part at most."""
    return args.seeds if len(lacking) <= 1 else args.seeds[:1]


def pretrained(folder: Path, seed: int, lacking: list[str]) -> Path:
    changed = [part.replace(" ", "_") for part in PRETRAINING | NETWORK if part in lacking]
    return folder / f"{seed}" / "_without_".join(["pretrained", *changed])


def pretrain(args: argparse.Namespace, seed: int, lacking: list[str]) -> None:
    given = shared(args, seed) + options(lacking, PRETRAINING | NETWORK)
    run("pretrain", args.experiment, pretrained(args.folder, seed, lacking), given)


def finetuned(folder: Path, seed: int, name: str, file: Path) -> Path:
    return folder / f"{seed}" / name.replace(" ", "_") / fold(file)


def fold(file: Path) -> str:
    """The name of a list's folder: lists may lie together, or have the same name in folders of their own."""
    return f"{file.absolute().parent.name}-{file.stem}"


def finetune(args: argparse.Namespace, seed: int, recipe: tuple[str, list[str]], file: Path) -> None:
    name, lacking = recipe  # and the parts that it lacks
    here = finetuned(args.folder, seed, name, file)
    if not (here / "pretrain").exists():
        shutil.copytree(pretrained(args.folder, seed, lacking) / "pretrain", here / "pretrain")
    given = shared(args, seed) + options(lacking, FINETUNING | NETWORK)
    run("finetune", args.experiment, here, ["--clips", file, *given])


def shared(args: argparse.Namespace, seed: int) -> list:
    return [*RECIPE, "--seed", f"{seed}", "--data-dir", args.folder / "prepared"]


def options(lacking: list[str], parts: dict[str, tuple]) -> list[str]:
    return [option for part in lacking for option in parts.get(part, ())]


def run(command: str, experiment: str, folder: Path, options: list) -> None:
    """Trains, if it was not trained before; what it prints goes to FOLDER.log."""
    if list(folder.glob(f"{command}*/predictions.csv")):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    asc_jax = "from asc_jax.cli import main; main()"
    with open(f"{folder}.log", "a") as log:
        asked = [sys.executable, "-c", asc_jax, command, experiment, "--workdir", folder, *options]
        subprocess.run(asked, check=True, stdout=log, stderr=log)


def right(args: argparse.Namespace, name: str, lacking: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Whether the test clips of all folds are predicted right, bool [seeds, M], and their sessions [M]."""
    from asc_jax.evaluate.runs import read_run

    right, sessions = [], []
    for seed in seeds(args, lacking):
        folders = [finetuned(args.folder, seed, name, file) for file in args.lists]
        tested = [read_run(folder / "finetune-1")[0].predictions for folder in folders]
        right.append(np.concatenate([each.label == each.truth for each in tested]))
        sessions = np.concatenate([each.details["session"] for each in tested])
    return np.stack(right), np.asarray(sessions)


def difference(ours: np.ndarray, whole: np.ndarray, sessions: np.ndarray) -> tuple[float, float, float]:
    """In points of accuracy with its limits: of bool [seeds, M] each, by the seeds that both were trained with."""
    from asc_jax.evaluate.scores import limits, resample

    gain = ours[: len(whole)].astype(float) - whole[: len(ours)]
    random = np.random.default_rng(0)
    clips = resample(np.unique(sessions, return_inverse=True)[1], random)
    seeds = resample(np.arange(len(gain)), random) / len(gain)
    low, high = limits(100 * ((seeds @ gain) * clips).sum(1) / clips.sum(1))
    return 100 * gain.mean(), low, high


def picture(table: pandas.DataFrame, parts: list[str]):
    """What each part adds to none, and what the whole loses without it: where a part helps, both are positive."""
    from asc_jax.report.style import BLUE, GREY, ORANGE, new_figure

    figure = new_figure(0.3 * len(parts) + 1)
    axes = figure.subplots()
    positions = np.arange(len(parts))
    for shift, color, label, sign, by, names in (
        (-0.12, BLUE, "alone, against none", 1, "none", [f"{part} alone" for part in parts]),
        (0.12, ORANGE, "in the whole, against it without", -1, "whole", [f"without {part}" for part in parts]),
    ):
        value, low, high = (sign * table.loc[names, f"{limit} against {by}"] for limit in LIMITS)
        axes.hlines(positions + shift, low, high, color=color)
        axes.plot(value, positions + shift, "o", color=color, label=label)
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set(yticks=positions, yticklabels=[NAMES[part] for part in parts])
    axes.set_xlabel("gain in points of accuracy, with 95 % intervals", loc="right")
    axes.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure, "How each part of the recipe changes the accuracy."


def main() -> None:
    from asc_jax.report.style import save, styled

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("experiment")
    parser.add_argument("lists", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--at-once", type=int, default=1)
    args = parser.parse_args()
    table = ablation(args)
    figure, _ = styled(picture, table, args.parts)
    save(figure, args.folder, "ablation")


def ablation(args: argparse.Namespace) -> pandas.DataFrame:
    """A row for each recipe."""
    known = recipes(args.parts)
    train(args, known)
    rows, rights = {}, {}
    for name, lacking in known.items():
        rights[name], sessions = right(args, name, lacking)
        rows[name] = {"accuracy": 100 * rights[name].mean()}
        for by in ("whole", "none"):
            if by in rights:
                limits = difference(rights[name], rights[by], sessions)
                rows[name] |= {f"{limit} against {by}": x for limit, x in zip(LIMITS, limits, strict=True)}
        print(name, {key: round(float(value), 1) for key, value in rows[name].items()}, flush=True)
    table = pandas.DataFrame.from_dict(rows, orient="index").rename_axis("recipe")
    table.to_csv(args.folder / "ablation.csv", float_format="%.2f")
    return table


if __name__ == "__main__":
    main()

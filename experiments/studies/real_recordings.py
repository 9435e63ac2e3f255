"""The augmented recipe, the released one, and an SVM on statistics of MFCCs, on the same real recordings.

    .venv/bin/python experiments/studies/real_recordings.py FOLDER LIST.csv ... [--systems few_labels SVM]

The lists are folds of recordings through several devices: each tests recordings that no other does. What has been
trained already is kept, so the same command resumes. It prints the accuracy on all devices, on "a" and on those that no
training clip is from (also drawn, in FOLDER/real_recordings.png), pseudo-labels that are right before and after, and by
how much the first system is better than each other, with 95 % intervals over sessions and seeds. A seed of
`few_labels` takes about 4 minutes on 2 cores for one list.
"""

import argparse
import functools
import itertools
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas
from ablation import difference, fold, run

SYSTEMS = ("few_labels", "esc10", "SVM")
COMMANDS = ("pretrain", "finetune", "pseudolabel")


def chain(folder: Path, experiment: str, seed: int, file: Path) -> Path:
    """The folder of the experiment's chain on one list; what has been trained is kept."""
    options = ["--seed", f"{seed}", "--data-dir", folder / "prepared", "--clips", file]
    here = folder / experiment / f"{seed}" / fold(file)
    for command in COMMANDS:
        run(command, experiment, here, options)
    return here


def predictions_of_chain(folder: Path, experiment: str, seed: int, file: Path) -> dict[str, pandas.DataFrame]:
    """Round tested on the list -> its test clips {right, session, device}; prints what became of its pseudo-labels."""
    from asc_jax.evaluate.runs import read_run
    from asc_jax.evaluate.tables import pseudo_labels_line

    rounds = read_run(chain(folder, experiment, seed, file))
    rounds = [each for each in rounds if each.settings["data"] == rounds[-1].settings["data"]]
    for line in filter(None, map(pseudo_labels_line, rounds)):
        print(f"{experiment}, {fold(file)}, seed {seed}: {line}", flush=True)
    return {each.name: _table(each.predictions.label == each.predictions.truth, each.predictions) for each in rounds}


def _table(right, predictions):
    return pandas.DataFrame({"right": right} | {name: predictions.details[name] for name in ("session", "device")})


@functools.cache  # no seed changes it
def predictions_of_svm(folder: Path, file: Path) -> pandas.DataFrame:
    """The test clips {right, session, device} of an SVM on the same labelled clips."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    from asc_jax.data.splits import open_records
    from data_prep import prepare

    records = open_records(prepare("clips", str(file), data_dir=str(folder / "prepared"), seconds=5.0))
    labelled, tested = records.split("train"), records.split("test")
    svm = make_pipeline(StandardScaler(), SVC(C=10)).fit(statistics(labelled), labelled.column("label"))
    columns = {name: tested.column(name) for name in ("session", "device")}
    return pandas.DataFrame({"right": svm.predict(statistics(tested)) == np.array(tested.column("label"))} | columns)


def statistics(clips) -> np.ndarray:
    """Mean and deviation over time of 20 MFCCs, and the deviation of their differences: [M, 60]."""
    import librosa

    features = []
    for number in range(len(clips)):
        (audio,) = clips.audio([number])
        mfcc = librosa.feature.mfcc(y=audio.astype(np.float32) / 32768, sr=16_000, n_mfcc=20)
        features.append(np.concatenate((mfcc.mean(1), mfcc.std(1), librosa.feature.delta(mfcc).std(1))))
    return np.stack(features)


def everything(args: argparse.Namespace) -> dict[str, list[pandas.DataFrame]]:
    """System and round -> a table for each seed, of all lists' test clips."""
    tables_of = {}
    for system, seed in itertools.product(args.systems, args.seeds):
        if system == "SVM":
            folds = [{"": predictions_of_svm(args.folder, file)} for file in args.lists]
        else:
            folds = [predictions_of_chain(args.folder, system, seed, file) for file in args.lists]
        for name in folds[0]:
            table = pandas.concat([fold[name] for fold in folds], ignore_index=True)
            tables_of.setdefault(f"{system} {name}".strip(), []).append(table)
    return tables_of


class Accuracies(NamedTuple):
    """In %, means over the seeds: of each seed, on all clips with limits, on device "a", and on s4 to s6."""

    seeds: list[float]
    every: float
    low: float
    high: float
    own: float
    unseen: float

    def __str__(self) -> str:
        seeds = ", ".join(f"{seed:.1f}" for seed in self.seeds)
        every = f"{self.every:.1f} % [{self.low:.1f}, {self.high:.1f}] ({seeds})"
        return f"{every}; a {self.own:.1f}, s4 to s6 {self.unseen:.1f}, gap {self.own - self.unseen:+.1f}"


def accuracies(tables: list[pandas.DataFrame]) -> Accuracies:
    """Those of a table for each seed."""
    right = np.stack([table["right"] for table in tables])  # [seeds, M]
    device, session = tables[0]["device"], np.asarray(tables[0]["session"])
    own, unseen = (100 * right[:, device.isin(names)].mean() for names in (["a"], ["s4", "s5", "s6"]))
    return Accuracies(list(100 * right.mean(1)), *difference(right, np.zeros_like(right), session), own, unseen)


def picture(named: dict[str, Accuracies]):
    """Accuracy on all devices with its interval, and on the unseen ones."""
    from asc_jax.report.style import BLUE, ORANGE, new_figure

    figure = new_figure(0.35 * len(named) + 0.9)
    axes = figure.subplots()
    positions, rows = np.arange(len(named)), list(named.values())
    axes.hlines(positions, [row.low for row in rows], [row.high for row in rows], color=BLUE)
    axes.plot([row.every for row in rows], positions, "o", color=BLUE, label="all devices, with 95 % intervals")
    axes.plot([row.unseen for row in rows], positions, "D", color=ORANGE, label="unseen devices")
    axes.set(yticks=positions, yticklabels=list(named), xlabel="accuracy in %")
    axes.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure, "Accuracy of each system on all devices and on those unseen in training."


def main() -> None:
    from asc_jax.report.style import save, styled

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("lists", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    args = parser.parse_args()
    tables_of = everything(args)
    named = {name: accuracies(tables) for name, tables in tables_of.items()}
    for name, row in named.items():
        print(f"{name}: {row}")
    figure, _ = styled(picture, named)
    save(figure, args.folder, "real_recordings")
    rights = {name: np.stack([table["right"] for table in tables]) for name, tables in tables_of.items()}
    ours = f"{SYSTEMS[0]} pseudolabel"
    for name in rights:
        if ours in rights and name != ours:
            mean, low, high = difference(rights[ours], rights[name], np.asarray(tables_of[ours][0]["session"]))
            print(f"{ours} against {name}: {mean:+.1f} [{low:+.1f}, {high:+.1f}] points")


if __name__ == "__main__":
    main()

"""The augmented recipe, the released one, and an SVM on statistics of MFCCs, on the same real recordings.

    .venv/bin/python tests/long/real_recordings.py FOLDER LIST.csv ... [--seeds 0 1 2] [--systems esc10_robust SVM]

The lists are folds of recordings through several devices: each tests recordings that no other does. What has been
trained already is kept, so the same command goes on. Told are the accuracy on all devices, on "a" and on those that no
training clip is from, pseudo-labels that are right before and after, and by how much the first system is better than
each other, with 95 % intervals over sessions and seeds. A seed of `esc10_robust` takes about 6 minutes on 2 cores for
one list, and 3 more for each further one.
"""

import argparse
import functools
import itertools
import shutil
from pathlib import Path

import numpy as np
import pandas
from ablation import difference, fold, run

SYSTEMS = ("esc10_robust", "esc10", "SVM")
COMMANDS = ("pretrain", "finetune", "pseudolabel")


def chain(folder: Path, experiment: str, seed: int, file: Path) -> Path:
    """The folder of the experiment's chain on one list; what has been trained is kept."""
    told = ["--seed", f"{seed}", "--data-dir", folder / "prepared", "--clips", file]
    shared, here = folder / experiment / f"{seed}" / "pretrained", folder / experiment / f"{seed}" / fold(file)
    run("pretrain", experiment, shared, told)
    if not here.exists():
        shutil.copytree(shared, here)
    for command in COMMANDS[1:]:
        run(command, experiment, here, told)
    return here


def told_by_chain(folder: Path, experiment: str, seed: int, file: Path) -> dict[str, pandas.DataFrame]:
    """Round on the list -> its test clips {right, session, device}; prints what became of its pseudo-labels."""
    from asc_jax.evaluate.runs import read_run
    from asc_jax.evaluate.tables import pseudo_labels_line

    rounds = read_run(chain(folder, experiment, seed, file))[1:]
    for line in filter(None, map(pseudo_labels_line, rounds)):
        print(f"{experiment}, {fold(file)}, seed {seed}: {line}", flush=True)
    return {each.name: _table(each.predictions.label == each.predictions.truth, each.predictions) for each in rounds}


def _table(right, predictions):
    return pandas.DataFrame({"right": right} | {name: predictions.details[name] for name in ("session", "device")})


@functools.cache  # no seed changes it
def told_by_svm(folder: Path, file: Path) -> pandas.DataFrame:
    """The test clips {right, session, device} of an SVM on the same labelled clips."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    from asc_jax.data.splits import open_records
    from data_prep import prepare

    records = open_records(prepare("clips", str(file), data_dir=str(folder / "prepared"), seconds=5.0))
    taught, tested = records.part("train"), records.part("test")
    svm = make_pipeline(StandardScaler(), SVC(C=10)).fit(statistics(taught), taught.column("label"))
    columns = {name: tested.column(name) for name in ("session", "device")}
    return pandas.DataFrame({"right": svm.predict(statistics(tested)) == np.array(tested.column("label"))} | columns)


def statistics(clips) -> np.ndarray:
    """Mean and deviation over time of 20 MFCCs, and the deviation of their differences: [M, 60]."""
    import librosa

    told = []
    for number in range(len(clips)):
        (audio,) = clips.audio([number])
        mfcc = librosa.feature.mfcc(y=audio.astype(np.float32) / 32768, sr=16_000, n_mfcc=20)
        told.append(np.concatenate((mfcc.mean(1), mfcc.std(1), librosa.feature.delta(mfcc).std(1))))
    return np.stack(told)


def everything(wanted: argparse.Namespace) -> dict[str, list[pandas.DataFrame]]:
    """System and round -> a table for each seed, of all lists' test clips."""
    told = {}
    for system, seed in itertools.product(wanted.systems, wanted.seeds):
        if system == "SVM":
            folds = [{"": told_by_svm(wanted.folder, file)} for file in wanted.lists]
        else:
            folds = [told_by_chain(wanted.folder, system, seed, file) for file in wanted.lists]
        for name in folds[0]:
            table = pandas.concat([fold[name] for fold in folds], ignore_index=True)
            told.setdefault(f"{system} {name}".strip(), []).append(table)
    return told


def accuracies(tables: list[pandas.DataFrame]) -> str:
    """On all clips with the interval, on device "a", and on s4 to s6: means over the seeds."""
    seeds = ", ".join(f"{100 * table['right'].mean():.1f}" for table in tables)
    right, (device, session) = (
        np.stack([table["right"] for table in tables]),
        (tables[0]["device"], tables[0]["session"]),
    )
    mean, low, high = difference(right, np.zeros_like(right), session)
    own, unseen = (100 * right[:, device.isin(names)].mean() for names in (["a"], ["s4", "s5", "s6"]))
    return (
        f"{mean:.1f} % [{low:.1f}, {high:.1f}] ({seeds}); a {own:.1f}, s4 to s6 {unseen:.1f}, gap {own - unseen:+.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("lists", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    told = everything(parser.parse_args())
    for name, tables in told.items():
        print(f"{name}: {accuracies(tables)}")
    rights = {name: np.stack([table["right"] for table in tables]) for name, tables in told.items()}
    ours = f"{SYSTEMS[0]} pseudolabel"
    for name in rights:
        if ours in rights and name != ours:
            mean, low, high = difference(rights[ours], rights[name], told[ours][0]["session"])
            print(f"{ours} against {name}: {mean:+.1f} [{low:+.1f}, {high:+.1f}] points")


if __name__ == "__main__":
    main()

"""A finished run with all that a report can show."""

import dataclasses
import shutil

import numpy as np
import pytest
import soundfile

from asc_jax.data.leaks import write_leak
from asc_jax.evaluate.predict import Intermediates, write_intermediates
from asc_jax.evaluate.runs import FinishedRound
from asc_jax.train import pseudolabels
from data_prep import prepare

METRICS = "step,epoch,learning_rate,loss,accuracy,clips_per_second\n15,0,0.001,2.5,0.4,50\n30,1,0.0005,0.5,0.9,60\n"
VALIDATED = (
    "step,epoch,learning_rate,loss,accuracy,clips_per_second,validation_loss,validation_accuracy\n"
    "15,0,0.001,2.5,0.4,50,3.5,0.3\n30,1,0.0005,0.5,0.9,60,2.5,0.6\n"
)
CHAIN = {"pretrain": None, "scratch": None, "finetune-1": "pretrain", "pseudolabel": "finetune-1"}


@pytest.fixture(scope="session")
def records(tmp_path_factory, made_up):
    """The prepared clips that `made_up` predicts."""
    folder = tmp_path_factory.mktemp("recordings")
    predictions = made_up()
    rows = ["filename,scene_label"]
    for number, (name, truth) in enumerate(zip(predictions.details["id"], predictions.truth, strict=True)):
        audio = np.random.default_rng(number).normal(0, 0.1, 4000)
        soundfile.write(folder / name, audio, 16_000)
        rows.append(f"{name},{predictions.scenes[truth]}")
    (folder / "clips.csv").write_text("\n".join(rows) + "\n")
    return prepare("clips", str(folder / "clips.csv"), seconds=0.25, data_dir=str(folder / "prepared"))


@pytest.fixture(scope="session")
def fill_run(write_round, records):
    """A function that writes the four rounds of a run into a folder, all of which predict the same."""

    def fill(folder, predictions):
        random = np.random.default_rng(0)
        count = len(predictions.truth)
        maps = random.uniform(0.5, 1, (2, 128, 9, 2))
        for name, start in CHAIN.items():
            path = write_round(
                folder, name, predictions, start=start, devices=("a", "b"), cities=("lyon",), records=records
            )
            (path / "metrics.csv").write_text(VALIDATED if name == "pseudolabel" else METRICS)
            write_intermediates(path / "intermediates.npz", Intermediates(random.normal(0, 1, (count, 128)), *maps))
        leak = FinishedRound(folder / "pseudolabel").leak
        write_leak(folder / "pseudolabel", dataclasses.replace(leak, tested="validation", clips=7))
        unlabelled = dataclasses.replace(predictions, truth=np.where(np.arange(count) % 5 == 0, -1, predictions.truth))
        (folder / "pseudolabel" / "pseudo_labels.csv").write_text(pseudolabels.to_csv(unlabelled))
        return folder

    return fill


@pytest.fixture(scope="session")
def complete(fill_run, made_up, tmp_path_factory):
    """A complete run; tests do not change it."""
    return fill_run(tmp_path_factory.mktemp("run") / "complete", made_up())


@pytest.fixture
def changeable(complete, tmp_path):
    """A copy of it for tests that take pieces away."""
    return shutil.copytree(complete, tmp_path / "run", ignore=shutil.ignore_patterns("report"))

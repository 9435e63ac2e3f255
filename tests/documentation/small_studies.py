"""The studies in experiments/studies at a small size: copies of one run stand in for their trainings."""

import dataclasses
import importlib
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from documents import ROOT

FINISHED = SimpleNamespace(poll=lambda: 0, wait=lambda: 0, send_signal=lambda signal: None)  # a process
FEW = (("pretrain", 1, 1), ("finetune", 1, 1))  # commands of the soak, with one finetuning and one signal each


def run(shell, file: Path, arguments: list[str]) -> None:
    """Runs a study in the current folder and in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "experiments/studies")
        study = importlib.import_module(file.stem)
        small = STUDIES[file.name](patch, study, shell)
        patch.setattr(sys, "argv", [str(file), *arguments, *small])
        study.main()


def copy_round(experiment, round_, records) -> None:
    """Stands in for `asc_jax.train.rounds.run`: the round is that of runs/mine."""
    name = {"pretrain": "pretrain", "pseudolabel": "pseudolabel"}.get(round_.command, "finetune-1")
    shutil.copytree(Path("runs/mine") / name, Path(experiment.folder) / round_.name, dirs_exist_ok=True)


def _ablation(patch, study, shell):
    _train_in_this_process(patch, study, shell)
    return "--seeds", "0", "--parts", "time-shift"


def _real_recordings(patch, study, shell):
    _train_in_this_process(patch, study, shell)
    return "--seeds", "0"


def _train_in_this_process(patch, study, shell):
    def run(command, experiment, folder, options):
        shell.asc_jax_without_training([command, experiment, "--workdir", str(folder), *map(str, options)])

    patch.setattr(study, "run", run)


def _soak(patch, study, shell):
    """Of processes that end before their signal comes; in float32 throughout."""

    def start(arguments, log, processes, devices):
        shell.asc_jax_without_training(arguments[1:])
        return [FINISHED] * processes

    patch.setattr(study, "start", start)
    patch.setattr(study, "compute_in", lambda precision: None)
    patch.setattr(study, "COMMANDS", FEW[1:])
    patch.setattr(study, "ROUNDS", FEW)
    return ()


def _chaos(patch, study, shell):
    """Of no minutes, and without the library that makes files fail."""

    def start(command, run):
        shell.asc_jax_without_training([command, "demo", "--workdir", str(run)])
        return FINISHED

    patch.setattr(study, "start", start)
    patch.setattr(study, "COMMANDS", ("pretrain",))
    patch.setattr(study, "shim", lambda folder: "")
    patch.setattr(study, "same", lambda run, other: f"{run} and {other}")
    return ()


def _same_everywhere(patch, study, shell):
    """A step of one process, twice."""

    def start(folder, processes, devices):
        folder.mkdir(parents=True)
        study.learn(folder)

    demo = importlib.import_module("experiments.demo")
    pretrain = dataclasses.replace(demo.experiment.pretrain, epochs=1, batch_size=8)
    patch.setattr(demo, "experiment", dataclasses.replace(demo.experiment, seconds=0.25, pretrain=pretrain))
    patch.setattr(study, "start", start)
    patch.setattr(study, "ARRANGEMENTS", dict(list(study.ARRANGEMENTS.items())[:2]))
    patch.setattr(study, "STEPS", 1)
    patch.setattr(study, "PRECISIONS", ("float32",))
    for name, value in (("PROCESSES", "1"), ("PROCESS", "0"), ("PORT", "0")):
        patch.setenv(name, value)
    return ()


def _sounds(patch, study, shell):
    return "--steps", f"{study.WARM + 1}", "--pairs", "2", "--seconds", "0.25", "--keep", "8"


def _probe(patch, study, shell):
    """Of fresh weights, as the network is a smaller one here."""
    fresh = study.create_state(study.SceneNet(1, study.few_labels.network), 4_000, study.jax.random.key(1)).variables
    patch.setattr(study, "read", lambda file, network: fresh)
    return "--seconds", "0.25"


def _devices(patch, study, shell):
    return "--steps", "1"


STUDIES = {
    "ablation.py": _ablation,
    "real_recordings.py": _real_recordings,
    "soak.py": _soak,
    "chaos.py": _chaos,
    "same_everywhere.py": _same_everywhere,
    "sounds.py": _sounds,
    "probe.py": _probe,
    "devices.py": _devices,
}

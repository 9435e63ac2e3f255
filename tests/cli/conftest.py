"""Recordings for commands."""

import numpy as np
import pytest
import soundfile

from asc_jax.deploy import classifier
from asc_jax.deploy.classifier import Classifier


@pytest.fixture(scope="session")
def record():
    """A function that writes 14 clips of a second, the same ones into every folder."""

    def write(folder):
        rng = np.random.default_rng(0)
        for number in range(14):
            scene = ("hum", "hiss")[number % 2]
            audio = rng.normal(0, 0.1, 16_000) + (scene == "hum") * np.sin(np.arange(16_000) / 20) / 3
            file = folder / scene / f"{number}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(file, audio, 16_000)
        return folder

    return write


@pytest.fixture
def recordings(record, tmp_path):
    return record(tmp_path / "clips")


@pytest.fixture
def folder(tmp_path, monkeypatch, write_round, made_up):
    """A run whose network is not computed, two recordings and a bad one."""
    monkeypatch.setattr(classifier, "predictor", lambda net, count: lambda _, audio: (audio[:, :3] / 1e4, audio[:, :8]))
    monkeypatch.setattr(classifier, "load", lambda run, batch: Classifier(None, ("a", "b", "c"), 8000, batch, None))
    write_round(tmp_path / "run", "finetune-1", made_up())
    for name in ("1.wav", "2.wav"):
        soundfile.write(tmp_path / name, np.random.default_rng(0).normal(0, 0.1, 16_000), 16_000)
    (tmp_path / "bad.wav").write_text("not sound")
    return tmp_path

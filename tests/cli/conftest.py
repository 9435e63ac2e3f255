"""Recordings for commands."""

import numpy as np
import pytest
import soundfile


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

"""Strictness for every test: rank promotion raises, matrix products are exact, two devices. And made-up records."""

import json
import pathlib

import hypothesis
import jax
import numpy as np
import pandas
import pytest

from asc_jax.config import CONFIG, PREDICTIONS
from asc_jax.data.leaks import Leak, write_leak
from asc_jax.data.records import Clips, Records
from asc_jax.evaluate.predict import Predictions, to_csv
from asc_jax.net import mobilefacenet, scenenet
from asc_jax.net.kernels import PORTABLE, XLA

pytest_plugins = ["no_skips", "pytester"]

hypothesis.settings.register_profile("any machine", deadline=None)  # a busy one takes its time
hypothesis.settings.load_profile("any machine")
jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_default_matmul_precision", "highest")


def pytest_collection_modifyitems(items):
    """Files with long tests come first, so that no process waits for one at the end."""
    with_long_tests = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: item.path not in with_long_tests)


@pytest.fixture(scope="module")
def quick_to_compile():
    """A trunk of two bottlenecks, one of them residual, and few optimisations: a third of the time to compile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mobilefacenet, "BOTTLENECKS", mobilefacenet.BOTTLENECKS[:1])
        jax.clear_caches()
        jax.config.update("jax_disable_most_optimizations", True)
        yield
        jax.config.update("jax_disable_most_optimizations", False)
    jax.clear_caches()


@pytest.fixture(scope="module")
def quickest_to_compile(quick_to_compile):
    """XLA's own convolutions in place of the CPU kernels, too, for tests of what is around the network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenenet, "kernels_for", lambda backend, train: PORTABLE if backend == "portable" else XLA)
        yield


@pytest.fixture(scope="session")
def make_records():
    """A function (table of clips with a column "split", audio int16 [M, N], scenes) -> Records in memory."""

    def make(rows, audio, scenes, path=pathlib.Path("clips/1s-0/2.0.0")):
        texts = {"label": "", "truth": "", "device": "", "city": "", "session": ""}
        table = pandas.DataFrame([texts | {"sha256": f"{number}"} | row for number, row in enumerate(rows)])
        prints = np.zeros((len(audio), 0), np.uint16)
        clips = Clips(scenes, audio.shape[1], table.drop(columns="split"), lambda numbers: audio[numbers], prints)
        return Records(path, clips, "listed (0)", table["split"])

    return make


SETTINGS = {
    "round": {
        "name": "",
        "command": "",
        "phase": {"epochs": 2, "batch_size": 4, "learning_rate": 1e-3},
        "data": "clips",
        "splits": ["train"],
        "start": None,
    },
    "network": {"wavegram_filters": 1},
    "seed": 0,
    "data": "clips/1s-0/2.0.0",
    "split": "listed (0)",
    "samples": 16_000,
}


@pytest.fixture(scope="session")
def write_round():
    """A function that writes what a finished round leaves, without its checkpoints, into folder/name."""

    def write(folder, name, predictions, seed=0, start=None, devices=("a",), cities=(), records="absent", **others):
        path = folder / name
        path.mkdir(parents=True)
        this_round = SETTINGS["round"] | {"name": name, "command": name.split("-")[0], "start": start}
        changed = {setting: value for setting, value in others.items() if value is not None}
        settings = SETTINGS | {"round": this_round, "seed": seed, "scenes": list(predictions.scenes)} | changed
        versions = {"python": "3", "jax": "0"}
        config = {"settings": settings, "versions": versions, "device": "1 x cpu", "records": str(records)}
        (path / CONFIG).write_text(json.dumps(config))
        write_leak(path, Leak("listed (0)", "test", "train", len(predictions.truth), 0, 0, 0, 0.1, devices, cities))
        (path / PREDICTIONS).write_text(to_csv(predictions))
        return path

    return write


@pytest.fixture(scope="session")
def made_up():
    """A function (clips, share of them that is right, seed) -> Predictions of three scenes and devices, two cities."""

    def make(clips=60, right=0.8, seed=0):
        random = np.random.default_rng(seed)
        truth = np.arange(clips) % 3
        label = np.where(random.random(clips) < right, truth, (truth + 1 + random.integers(0, 2, clips)) % 3)
        cosine = 0.4 * np.eye(3)[label] + random.normal(0, 0.05, (clips, 3))
        details = {
            "id": [f"{number}.wav" for number in range(clips)],
            "device": ["abc"[number % 3] for number in range(clips)],
            "city": [("lyon", "oslo")[number % 2] for number in range(clips)],
            "session": [f"session {number // 4}" for number in range(clips)],
        }
        return Predictions(("bus", "park", "tram"), cosine.astype(np.float32), truth, details)

    return make

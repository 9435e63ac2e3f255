"""A small network whose answers vary, while those of random weights hardly do."""

import pathlib
import subprocess

import jax
import numpy as np
import pytest

from asc_jax.deploy.classifier import Classifier
from asc_jax.net.folding import fold
from asc_jax.net.scenenet import SceneNet, to_waveform

SECOND = 16_000  # samples
OLDEST = pathlib.Path(__file__).parents[3] / ".venv/oldest"


def sounds(kind, random):
    """A second of rumble, of hiss, of a tone or of clicks, in [-1, 1]."""
    noise = random.normal(0, 1, SECOND)
    pitch = random.uniform(400, 700)  # Hz
    made = {
        "rumble": np.convolve(noise, np.ones(60) / 60, "same"),
        "hiss": np.diff(noise, append=0),
        "tone": np.sin(2 * np.pi * pitch * np.arange(SECOND) / SECOND) + 0.02 * noise,
        "clicks": noise * (random.random(SECOND) < 0.002),
    }[kind]
    return random.uniform(0.1, 0.9) * made / np.abs(made).max()


@pytest.fixture(scope="session")
def clips():
    """int16 [24, 16000], six of each kind of sound."""
    random = np.random.default_rng(0)
    made = [sounds(kind, random) for _ in range(6) for kind in ("rumble", "hiss", "tone", "clicks")]
    return np.round(np.stack(made) * 32767).astype(np.int16)


@pytest.fixture(scope="session")
def model(clips):
    """Its embeddings are normalised over the clips, and a scene's direction is the mean of its six."""
    net, xla = SceneNet(4), SceneNet(4, backend="xla")
    waveform = to_waveform(clips)
    init = jax.jit(xla.init, compiler_options={"xla_backend_optimization_level": 0})  # compiles sooner
    variables = init(jax.random.key(0), waveform[:1])
    embed = jax.jit(lambda variables: xla.apply(variables, waveform).embedding)
    embedding = embed(variables)
    trunk = variables["batch_stats"]["trunk"]
    trunk["embedding_norm"] = {"mean": embedding.mean(0), "var": embedding.var(0)}
    embedding = embed(variables)
    directions = embedding.reshape(6, 4, -1).mean(0)
    variables["params"]["head"] = {"directions": directions}
    variables = jax.device_put(jax.jit(fold)(variables), jax.devices()[0])
    return Classifier(net.clone(folded=True), ("rumble", "hiss", "tone", "clicks"), SECOND, 1, variables)


@pytest.fixture(scope="session")
def predicted(model, clips):
    """JAX's predictions for the clips: cosine [24, 4], in which every kind of sound is its own scene."""
    cosine = np.stack([model(clip, SECOND).cosine for clip in np.asarray(to_waveform(clips))])
    assert (cosine.argmax(1) == np.arange(24) % 4).all()
    return cosine


@pytest.fixture(scope="session")
def check_export(model, clips, predicted):
    """A function that looks at an opened file: its facts, and what it says of batches of several sizes."""

    def look(exported, within):
        names = ["rumble", "hiss", "tone", "clicks"]
        facts = {"scenes": names, "sampling_rate": 16_000, "samples": SECOND, "full_scale": 32768}
        assert exported.facts == facts
        waveform = np.asarray(to_waveform(clips))
        for size in (1, 5):
            cosine, confidence = exported.run(waveform[:size])
            np.testing.assert_allclose(cosine, predicted[:size], rtol=0, atol=within)
            shares = np.exp(8 * predicted[:size])
            np.testing.assert_allclose(confidence, (shares / shares.sum(1, keepdims=True)).max(1), atol=8 * within)
        half_silent = waveform[:1] * (np.arange(SECOND) < SECOND // 2)
        cosine, _ = exported.run(half_silent)
        np.testing.assert_allclose(cosine[0], model(half_silent[0], SECOND).cosine, rtol=0, atol=within)

    return look


@pytest.fixture
def check_in_oldest(clips, predicted, tmp_path):
    """A function (file, runtimes): what the first of these that has a wheel for this Python says of the clips."""
    if not (OLDEST / "installed").exists():
        pytest.skip("needs the oldest runtimes: make .venv/oldest/installed")

    def check(file, runtimes, within):
        runtime = next(each for each in runtimes if list(OLDEST.glob(f"lib/python*/site-packages/{each}")))
        waveform, cosine = tmp_path / "waveform.npy", tmp_path / "cosine.npy"
        np.save(waveform, to_waveform(clips))
        script = pathlib.Path(__file__).with_name("oldest.py")
        subprocess.run([OLDEST / "bin/python", script, runtime, file, waveform, cosine], check=True)
        np.testing.assert_allclose(np.load(cosine), predicted, rtol=0, atol=within)
        assert (np.load(cosine).argmax(1) == predicted.argmax(1)).all()

    return check

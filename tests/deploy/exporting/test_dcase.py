"""An entry to DCASE's task 1: its network in PyTorch, and the functions that the challenge's scripts call."""

import importlib
import sys
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
import soundfile
import yaml
from extras import needs
from networks import model_of

from asc_jax.bench import rules
from asc_jax.cli.export import _tell_limits
from asc_jax.deploy.exporting import dcase
from asc_jax.errors import UserError
from asc_jax.evaluate.evaluation import Evaluation, Group
from asc_jax.evaluate.scores import Interval
from asc_jax.net.ensemble import Ensemble
from asc_jax.net.options import Network
from asc_jax.net.scenenet import SceneNet, to_waveform
from data_prep.audio import decode
from experiments.small import experiment as small

pytestmark = needs("torch", "torch", "torchinfo")
NAME = "Schmid_CPJKU_task1"


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / NAME
    dcase.write(model, folder, None)
    return folder


@pytest.fixture
def entry(folder, monkeypatch):
    """The package's module, imported as the challenge's scripts do it."""
    monkeypatch.syspath_prepend(folder.parent)
    yield importlib.import_module(f"{NAME}.{NAME}_1")
    for name in [name for name in sys.modules if name.startswith(NAME)]:
        del sys.modules[name]


def test_it_tells_the_same(folder, clips, predicted):
    cosine, confidence = dcase.read(folder).run(np.asarray(to_waveform(clips)))
    np.testing.assert_allclose(cosine, predicted, rtol=0, atol=0.05)
    shares = np.exp(8 * cosine)
    np.testing.assert_allclose(confidence, (shares / shares.sum(1, keepdims=True)).max(1), atol=1e-5)


@pytest.mark.parametrize("network", [
    Network(width=0.25, bands=64, plain_projection=True, magnitude_mel=True, wavegram_filters=64),
    Network(width=0.25, depth=1, hop=256, residual_normalisation=0.3, mean_over_time=True),
])  # fmt: skip
def test_networks_of_every_kind_are_the_same(network, clips, monkeypatch, tmp_path):
    """With kernels in float32: what 8 bits change is not asked here."""
    waveform = np.asarray(to_waveform(clips[:2]))
    model = model_of(network, waveform)
    monkeypatch.setattr(dcase, "_half", lambda array: np.asarray(array, np.float32))
    monkeypatch.setattr(dcase, "_in_int8", lambda kernel: (kernel, np.ones(len(kernel), np.float32)))
    dcase.write(model, tmp_path / NAME, None)
    cosine, _ = dcase.read(tmp_path / NAME).run(waveform)
    expected = np.stack([model(clip, 16_000).cosine for clip in waveform])
    np.testing.assert_allclose(cosine, expected, rtol=0, atol=1e-4)
    assert np.ptp(expected) > 0.01


def test_the_challenges_scripts_find_what_they_call(entry, folder, clips, predicted, tmp_path):
    """Files of 44.1 kHz in stereo, and shorter ones, become what `predict` reads of them."""
    files = [str(tmp_path / f"{number}.wav") for number in range(4)]
    for file, clip in zip(files, clips, strict=False):
        soundfile.write(file, clip, 16_000)
    logits, scenes = entry.predict(file_paths=files, device_ids=["a", "b", "s1", "unknown"], model_file_path=None)
    assert scenes == ["rumble", "hiss", "tone", "clicks"]
    np.testing.assert_allclose(np.stack(logits), 8 * predicted[:4], rtol=0, atol=0.4)
    network = entry.load_model()
    (dummy,) = entry.load_inputs([str(folder / dcase.DUMMY)], ["s9"], network)
    assert dummy.shape == (1, 16_000)
    (logits,) = entry.get_model_for_device(network, "s9")(dummy)
    assert logits.shape == (4,) and (network(dummy)[0] == logits).all()
    assert network.model.state_dict()


def test_files_are_read_as_in_training(entry, folder, clips, tmp_path):
    model = entry.load_model()
    noise = np.random.default_rng(0).normal(0, 0.2, (44_100, 2))
    soundfile.write(tmp_path / "stereo.wav", noise, 44_100, subtype="PCM_24")
    soundfile.write(tmp_path / "short.wav", clips[0, :9000], 16_000)
    stereo, short = entry.load_inputs([str(tmp_path / f"{name}.wav") for name in ("stereo", "short")], [], model)
    expected = decode(tmp_path / "stereo.wav", 16_000, "exact").audio
    np.testing.assert_array_equal(32768 * stereo[0].numpy(), expected)
    np.testing.assert_array_equal(32768 * short[0].numpy(), np.resize(clips[0, :9000], 16_000))


def test_the_challenge_counts_what_complexity_tells(clips, tmp_path):
    waveform = np.asarray(to_waveform(clips[:1]))
    dcase.write(model_of(small.network, waveform), tmp_path / NAME, None)
    meta = yaml.safe_load((tmp_path / NAME / f"{NAME}_1.meta.yaml").read_text())
    cost = meta["system"]["complexity"]
    size, arithmetic = rules.dcase(SceneNet(3, small.network), 16_000)
    assert cost["total_model_size"] == pytest.approx(1e3 * size.used)
    assert cost["macs"] == pytest.approx(1e6 * arithmetic.used - 3 * 1025)  # our Wavegram computes three frames more
    assert meta["results"]["development_dataset"]["general"]["overall"]["accuracy"] is None


def test_a_network_that_breaks_the_limits_is_reported(folder, capsys):
    _tell_limits(folder, 16_000)
    output = capsys.readouterr()
    assert output.out.count("fails") == 2
    assert f"{folder} is no valid entry: parameters, in int8 are more than 128 kB; train `small`" in output.err


def test_results_of_the_run_are_written(folder):
    group = Group(10, 2, Interval(0.5, 0.4, 0.6))
    scores = {"macro accuracy": Interval(0.625, 0.5, 0.7), "log loss": Interval(1.2345, 1, 2)}
    odd = ["no", "", "a: b", 'it\'s "so"', "# hash", "1_000", "über", "- s1", "🎤"]
    groups = {"scene": {"rumble": group}, "device": dict.fromkeys(odd, group)}
    cost = {"bytes": 1, "parameters": 2, "multiply_accumulates": 3}
    template = (files("asc_jax.deploy") / "dcase/meta.yaml").read_text()
    meta = yaml.safe_load(dcase.meta_text(template, "A_B_task1_1", cost, Evaluation("", "", "", 20, 4, scores, groups)))
    results = meta["results"]["development_dataset"]["general"]
    assert meta["submission"]["label"] == "A_B_task1_1"
    assert results["overall"] == {"accuracy": 62.5, "logloss": 1.234}
    assert results["class_wise"] == {"rumble": {"accuracy": 50.0, "logloss": None}}
    assert list(results["device_wise"]) == odd


@pytest.mark.parametrize(
    ("change", "name", "problem"),
    [
        ({"samples": 32_000}, NAME, "clips of 1 s, not of 2"),
        ({"net": Ensemble(4, (Network(), Network()))}, NAME, "not for an ensemble"),
        ({}, "my-entry", "must name a new Python package"),
        ({}, "class", "must name a new Python package"),
        ({}, "soundfile", "must name a new Python package"),
    ],
)
def test_what_can_be_no_entry_is_refused(model, tmp_path, change, name, problem):
    with pytest.raises(UserError, match=problem):
        dcase.check_entry(replace(model, **change), tmp_path / name)

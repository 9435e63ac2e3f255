"""The front end in C++ against JAX's, which needs a compiler alone."""

import dataclasses
import shutil
import subprocess
from importlib import resources

import jax
import numpy as np
import pytest
from cpp import COMPILER, compile_cpp

from asc_jax.deploy.classifier import folded
from asc_jax.deploy.exporting import micro
from asc_jax.errors import UserError
from asc_jax.evaluate.calibration import Calibration
from asc_jax.net.ensemble import Ensemble
from asc_jax.net.options import Network
from asc_jax.net.scenenet import SceneNet, to_waveform

SMALL = Network(width=0.25, depth=1)
NETWORKS = (
    (16_000, SMALL),
    (4_000, dataclasses.replace(SMALL, hop=128, bands=64, residual_normalisation=0.3)),
    (16_111, dataclasses.replace(SMALL, hop=256, bands=96, magnitude_mel=True)),
)
FEATURES = """
#include <cstdio>
#include "front_end.h"
static int16_t audio[kSamples];
static asc::Map mel, waves;
int main() {
  if (std::fread(audio, 2, kSamples, stdin) != kSamples) return 1;
  asc::features(audio, mel, waves);
  std::fwrite(mel, sizeof mel, 1, stdout);
  std::fwrite(waves, sizeof waves, 1, stdout);
}
"""
WARNINGS = ("-Wall", "-Wextra", "-Werror")

pytestmark = [pytest.mark.extra, pytest.mark.skipif(not COMPILER, reason="needs a C++ compiler: apt-get install g++")]


def model_of(network, samples, scenes=("a", "b")):
    net = SceneNet(len(scenes), network, "xla")
    init = jax.jit(net.init, compiler_options={"xla_backend_optimization_level": 0})  # compiles sooner
    return folded(net, scenes, init(jax.random.key(0), np.ones((1, samples), np.float32)), samples, 1)


def written(folder, model):
    """Of the files, those that need no TensorFlow."""
    (folder / micro.HEADER).write_text(micro.header(model, b"12", 16), encoding="utf-8")
    shutil.copy(resources.files("asc_jax.deploy") / "microcontroller/front_end.h", folder)


@pytest.mark.parametrize(("samples", "network"), NETWORKS)
def test_the_features_are_those_of_the_network(samples, network, tmp_path):
    model, random = model_of(network, samples), np.random.default_rng(0)
    written(tmp_path, model)
    source = tmp_path / "features.cc"
    source.write_text(FEATURES)
    compile_cpp(source, WARNINGS)
    noise = random.integers(-20_000, 20_000, samples)
    tone = 30_000 * np.sin(np.arange(samples) / 7) + random.normal(0, 30, samples)
    for clip in (noise, tone, np.where(np.arange(samples) < samples // 2, noise, 0)):
        clip = clip.astype(np.int16)
        output = subprocess.run(source.with_suffix(""), input=clip.tobytes(), stdout=subprocess.PIPE, check=True).stdout
        expected = micro.features_of(model)(np.asarray(to_waveform(clip))[None])[0]  # [F, T, 2]
        found = np.frombuffer(output, np.float32).reshape(2, *expected.shape[:2])
        np.testing.assert_allclose(np.moveaxis(found, 0, -1), expected, rtol=0, atol=5e-3)


def test_the_header_has_scenes_and_calibration(tmp_path):
    names = ("café", 'a "b"', "what??/", "\N{DOG}")
    model = dataclasses.replace(model_of(SMALL, 16_000, names), calibration=Calibration(2.0, 0.25))
    written(tmp_path, model)
    source = tmp_path / "names.cc"
    prints = 'for (auto each : kSceneNames) std::puts(each); std::printf("%g %g\\n", kScale, kUnknownBelow);'
    source.write_text(f'#include <cstdio>\n#include "network.h"\nint main() {{ {prints} }}')
    compile_cpp(source)
    output = subprocess.run(source.with_suffix(""), stdout=subprocess.PIPE, check=True).stdout
    assert output.decode().splitlines() == [*names, "4 0.25"]


def test_what_it_cannot_write_is_reported():
    model = model_of(SMALL, 16_000)
    with pytest.raises(UserError, match="--format micro is for one network, not for an ensemble"):
        micro.features_of(dataclasses.replace(model, net=Ensemble(2, (SMALL, SMALL))))
    with pytest.raises(UserError, match="for a Wavegram of one filter"):
        micro.features_of(dataclasses.replace(model, net=SceneNet(2, Network(wavegram_filters=128))))

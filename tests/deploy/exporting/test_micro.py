"""The folder for microcontrollers: its file in LiteRT, and its C++ as compiled for this machine."""

import dataclasses
import pathlib
import shutil
import subprocess

import numpy as np
import pytest
from extras import needs

from asc_jax.deploy.exporting import micro
from asc_jax.deploy.exporting.integers import memory
from asc_jax.errors import UserError
from asc_jax.net.ensemble import Ensemble
from asc_jax.net.options import Network
from asc_jax.net.scenenet import to_waveform

COMPILER = shutil.which("c++")
# TensorFlow Lite Micro for this machine, in XMOS' name space
MICRO = pathlib.Path(__file__).parents[3] / ".venv/tflm/xmos_ai_tools"
LIBRARY = MICRO / "xinterpreters/libs/linux/xtflm_python.so"
FRONT_END = """
#include <cstdio>
#include "front_end.h"
static int16_t audio[kSamples];
static Map mel, waves;
int main() {
  if (std::fread(audio, 2, kSamples, stdin) != kSamples) return 1;
  features(audio, mel, waves);
  std::fwrite(mel, sizeof mel, 1, stdout);
  std::fwrite(waves, sizeof waves, 1, stdout);
}
"""

pytestmark = [
    *needs("tflite", "tensorflow", "ai_edge_litert"),
    pytest.mark.skipif(not COMPILER, reason="needs a C++ compiler: apt-get install g++"),
    pytest.mark.skipif(not LIBRARY.exists(), reason="needs TensorFlow Lite Micro: make .venv/tflm/installed"),
]


@pytest.fixture(scope="module")
def features(model):
    return micro.features_of(model)


@pytest.fixture(scope="module")
def folder(model, features, clips, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "micro"
    micro.write(model, folder, features, clips)
    return folder


@pytest.fixture(scope="module")
def program(folder):
    """main.cc with TensorFlow Lite Micro."""
    import tensorflow

    headers = pathlib.Path(tensorflow.__file__).parent / "include/external/gemmlowp"
    includes = ["-I", MICRO / "runtime/include", "-I", headers, "-Dtflite=tflite_micro"]
    compiled(folder / "main.cc", [*includes, LIBRARY, f"-Wl,-rpath,{LIBRARY.parent}"])
    return folder / "main"


def compiled(source, options=()):
    command = [COMPILER, "-std=c++17", "-O2", source, *options, "-o", source.with_suffix("")]
    subprocess.run(command, check=True, capture_output=True)


def test_it_tells_the_same(folder, features, check_export):
    check_export(micro.read(folder, features), 0.1)


def test_weights_and_maps_are_8_bits_and_sums_32(folder):
    from ai_edge_litert.interpreter import Interpreter

    kinds = {each["dtype"] for each in Interpreter(str(folder / micro.FILE)).get_tensor_details()}
    assert kinds == {np.int8, np.int32}


def test_the_front_end_is_the_networks(folder, features, clips):
    source = folder / "features.cc"
    source.write_text(FRONT_END)
    compiled(source, ["-Wall", "-Werror"])
    output = subprocess.run(source.with_suffix(""), input=clips[1].tobytes(), stdout=subprocess.PIPE, check=True).stdout
    expected = features(np.asarray(to_waveform(clips[1:2])))[0]  # [F, T, 2]
    mel, waves = np.frombuffer(output, np.float32).reshape(2, *expected.shape[:2])
    np.testing.assert_allclose(mel, expected[..., 0], rtol=0, atol=1e-3)
    np.testing.assert_allclose(waves, expected[..., 1], rtol=0, atol=1e-4)


def test_a_microcontroller_tells_the_same(folder, program, clips, features):
    expected = micro.read(folder, features).run(np.asarray(to_waveform(clips)))[0]
    for clip, cosine in zip(clips, expected, strict=True):
        done = subprocess.run(program, input=clip.tobytes(), capture_output=True, check=True)
        scene, *rows = done.stdout.decode().splitlines()
        assert scene == ("rumble", "hiss", "tone", "clicks")[cosine.argmax()]
        found = [float(row.split()[0]) for row in rows]
        np.testing.assert_allclose(found, cosine, rtol=0, atol=0.2)  # they round otherwise


def test_the_arena_is_large_enough_but_not_much_larger(folder, program, clips):
    done = subprocess.run(program, input=clips[0].tobytes(), capture_output=True, check=True)
    used, given = (int(word) for word in done.stderr.decode().split() if word.isdigit())
    maps = memory((folder / micro.FILE).read_bytes(), micro.EXTRA)
    assert maps < used <= given == maps + micro.OTHER_MEMORY


def test_too_little_sound_is_reported(program):
    done = subprocess.run(program, input=b"12", capture_output=True)
    assert (done.returncode, done.stderr) == (2, b"standard input has fewer than 16000 samples\n")


def test_what_it_cannot_write_is_reported(model):
    with pytest.raises(UserError, match="--format micro is for one network, not for an ensemble"):
        micro.features_of(dataclasses.replace(model, net=Ensemble(4, (Network(), Network()))))
    with pytest.raises(UserError, match="for a Wavegram of one filter"):
        micro.features_of(dataclasses.replace(model, net=model.net.clone(network=Network(wavegram_filters=128))))

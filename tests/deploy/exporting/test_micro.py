"""The folder for microcontrollers: its file in LiteRT, and its C++ as compiled for this machine."""

import pathlib
import subprocess

import numpy as np
import pytest
from cpp import COMPILER, compile_cpp
from extras import needs

from asc_jax.deploy.exporting import micro
from asc_jax.deploy.exporting.integers import KEPT, arena
from asc_jax.net.scenenet import to_waveform

# TensorFlow Lite Micro for this machine, in XMOS' name space
MICRO = pathlib.Path(__file__).parents[3] / ".venv/tflm/xmos_ai_tools"
LIBRARY = MICRO / "xinterpreters/libs/linux/xtflm_python.so"
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
    compile_cpp(folder / "main.cc", [*includes, LIBRARY, f"-Wl,-rpath,{LIBRARY.parent}"])
    return folder / "main"


def test_it_tells_the_same(folder, features, check_export):
    check_export(micro.read(folder, features), 0.1)


def test_weights_and_maps_are_8_bits_and_sums_32(folder):
    from ai_edge_litert.interpreter import Interpreter

    kinds = {each["dtype"] for each in Interpreter(str(folder / micro.FILE)).get_tensor_details()}
    assert kinds == {np.int8, np.int32}


def test_the_rarest_numbers_are_clipped(folder, features, clips):
    from ai_edge_litert.interpreter import Interpreter

    maps = features(np.asarray(to_waveform(clips)))
    (taken,) = Interpreter(str(folder / micro.FILE)).get_input_details()
    scale, _ = taken["quantization"]
    assert scale == pytest.approx(KEPT * np.ptp(maps) / 255, rel=0.01)


def test_a_microcontroller_tells_the_same(program, clips, predicted):
    """The embeddings of this network differ so little that the steps of 8 bits are seen in their cosines."""
    for clip, cosine in zip(clips, predicted, strict=True):
        done = subprocess.run(program, input=clip.tobytes(), capture_output=True, check=True)
        scene, *rows = done.stdout.decode().splitlines()
        assert scene.split()[0] == ("rumble", "hiss", "tone", "clicks")[cosine.argmax()]
        np.testing.assert_allclose([float(row.split()[0]) for row in rows], cosine, rtol=0, atol=0.3)


def test_the_arena_is_large_enough_but_not_much_larger(folder, program, clips):
    done = subprocess.run(program, input=clips[0].tobytes(), capture_output=True, check=True)
    used, given = (int(word) for word in done.stderr.decode().split() if word.isdigit())
    assert used <= given == arena((folder / micro.FILE).read_bytes(), micro.EXTRA) <= 1.1 * used


def test_too_little_sound_is_reported(program):
    done = subprocess.run(program, input=b"12", capture_output=True)
    assert (done.returncode, done.stderr) == (1, b"standard input is too short\n")

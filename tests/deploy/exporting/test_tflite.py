import importlib.util

import jax
import numpy as np
import pytest

from asc_jax.deploy.exporting import tflite

for each in ("tensorflow", "ai_edge_litert", "litert_quantizer"):
    if not importlib.util.find_spec(each):
        pytest.skip(f"needs {each}: pip install -e '.[tflite]'", allow_module_level=True)


@pytest.mark.parametrize(("precision", "within", "smaller"), [("float32", 1e-5, 1), ("float16", 0.01, 0.6)])
def test_it_tells_the_same(model, tmp_path, check_export, precision, within, smaller):
    file = tmp_path / "model.tflite"
    tflite.write(model, file, precision)
    check_export(tflite.read(file), within)
    assert file.stat().st_size < smaller * 4e6


def test_int8_is_of_the_trunk_alone(model, tmp_path, check_export):
    file = tmp_path / "model.tflite"
    tflite.write(model, file, "int8")
    check_export(tflite.read(file), 0.1)
    from ai_edge_litert.interpreter import Interpreter

    tensors = Interpreter(str(file)).get_tensor_details()
    integers = [tuple(each["shape"]) for each in tensors if each["dtype"] == np.int8]
    trunk = [leaf.shape[::-1] for leaf in jax.tree.leaves(model.variables["params"]["trunk"]) if leaf.ndim == 2]
    assert len(trunk) == 14 and sorted(integers) == sorted(trunk)
    assert file.stat().st_size < 1.6e6

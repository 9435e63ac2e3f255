import jax
import numpy as np
import pytest
from extras import needs

from asc_jax.deploy.exporting import tflite

pytestmark = needs("tflite", "tensorflow", "ai_edge_litert", "litert_quantizer")
WITHIN = {"float32": 1e-4, "float16": 0.01, "int8": 0.1}
SMALLER = {"float32": 4e6, "float16": 2.4e6, "int8": 1.6e6}  # bytes


@pytest.fixture(scope="module", params=list(WITHIN))
def precision(request):
    return request.param


@pytest.fixture(scope="module")
def file(model, precision, tmp_path_factory):
    file = tmp_path_factory.mktemp("exported") / "model.tflite"
    tflite.write(model, file, precision)
    return file


def test_it_tells_the_same(file, precision, check_export):
    check_export(tflite.read(file), WITHIN[precision])
    assert file.stat().st_size < SMALLER[precision]


def test_so_does_the_oldest_runtime(file, precision, check_in_oldest):
    before = [] if precision == "int8" else ["tflite_runtime"]  # whose int8 products take one scale for all channels
    check_in_oldest(file, [*before, "ai_edge_litert"], WITHIN[precision])


@pytest.mark.parametrize("precision", ["int8"], indirect=True, scope="module")
def test_int8_is_of_the_trunk_alone(model, file):
    from ai_edge_litert.interpreter import Interpreter

    tensors = Interpreter(str(file)).get_tensor_details()
    integers = [tuple(each["shape"]) for each in tensors if each["dtype"] == np.int8]
    trunk = [leaf.shape[::-1] for leaf in jax.tree.leaves(model.variables["params"]["trunk"]) if leaf.ndim == 2]
    assert len(trunk) == 14 and sorted(integers) == sorted(trunk)

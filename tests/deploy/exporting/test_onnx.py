import pytest

from asc_jax.deploy.exporting import onnx

for each in ("jax2onnx", "onnxruntime"):
    pytest.importorskip(each, reason=f"needs {each}: pip install -e '.[onnx]'")


@pytest.fixture(scope="module")
def file(model, tmp_path_factory):
    file = tmp_path_factory.mktemp("exported") / "model.onnx"
    onnx.write(model, file)
    return file


def test_it_tells_the_same(file, check_export):
    check_export(onnx.read(file), 1e-4)


@pytest.mark.extra
def test_so_does_the_oldest_runtime(file, check_in_oldest):
    check_in_oldest(file, ["onnxruntime"], 1e-4)

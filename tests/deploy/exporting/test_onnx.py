import pytest

from asc_jax.deploy.exporting import onnx

for each in ("jax2onnx", "onnxruntime"):
    pytest.importorskip(each, reason=f"needs {each}: pip install -e '.[onnx]'")


def test_it_tells_the_same(model, tmp_path, check_export):
    onnx.write(model, tmp_path / "model.onnx")
    check_export(onnx.read(tmp_path / "model.onnx"), 1e-4)

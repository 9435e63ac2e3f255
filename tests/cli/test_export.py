import numpy as np
import pytest
import soundfile

from asc_jax.cli.export import Export, _clips, _windows, export
from asc_jax.errors import UserError


def test_what_is_asked_wrongly_is_reported_before_anything_is_loaded(tmp_path):
    with pytest.raises(UserError, match="--precision is for --format tflite; onnx is always float32"):
        export(Export(tmp_path, "onnx", precision="int8"))
    with pytest.raises(UserError, match="--precision is for --format tflite; micro is always int8"):
        export(Export(tmp_path, "micro", precision="float16"))
    with pytest.raises(UserError, match="--format dcase needs --out: a folder with the name of the entry"):
        export(Export(tmp_path, "dcase"))
    with pytest.raises(UserError, match="--onnxruntime-web is for --format web; onnx runs elsewhere"):
        export(Export(tmp_path, "onnx", onnxruntime_web=tmp_path))
    (tmp_path / "model.stablehlo.zip").touch()
    with pytest.raises(UserError, match="model.stablehlo.zip exists: remove it, or choose another --out"):
        export(Export(tmp_path, "stablehlo"))


def test_a_run_without_its_records_asks_for_recordings(write_round, made_up, tmp_path):
    write_round(tmp_path, "scratch", made_up())
    with pytest.raises(UserError, match="records are not at hand .* with --check"):
        _clips(tmp_path, 10, tested=True)


def test_recordings_are_compared_window_by_window(tmp_path):
    wave = np.random.default_rng(0).integers(-9_000, 9_000, 20_000).astype(np.int16)
    soundfile.write(tmp_path / "long.wav", wave, 16_000)
    found = _windows((str(tmp_path),), 8_000)
    np.testing.assert_array_equal(found, [wave[:8_000], wave[8_000:16_000], wave[-8_000:]])


def test_a_recording_that_cannot_be_compared_on_is_named(tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000, np.int16), 16_000)
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(UserError, match=r"--check .*text.wav: .*; leave it out"):
        _windows((str(tmp_path / "text.wav"),), 8_000)

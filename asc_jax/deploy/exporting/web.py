"""A page that classifies recordings and the microphone in a browser: a folder that needs no server and no network."""

import base64
import gzip
import json
import tempfile
from importlib import resources
from pathlib import Path

from asc_jax.deploy.classifier import Classifier
from asc_jax.deploy.exporting import onnx
from asc_jax.deploy.exporting.onnxruntime_web import MODULE, SCRIPT, WASM
from asc_jax.deploy.exporting.program import Exported, facts_of
from asc_jax.net.arcface import SCALE
from asc_jax.net.ensemble import settings_of
from asc_jax.net.frontend import WINDOW

MODEL, RUNTIME = "model.js", "runtime.js"


def write(model: Classifier, folder: Path, runtime: dict[str, bytes]) -> None:
    """The page, the ONNX file and the files of ONNX Runtime Web; index.html opens it.

    A page that is opened as a file may load scripts alone, so binary files are in scripts: base64 of gzip.
    """
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "model.onnx"
        onnx.write(model, file)
        content = file.read_bytes()
    folder.mkdir()
    network = settings_of(model.net)[0]
    log_mel = {"window": WINDOW, "hop": network.hop, "bands": network.bands}
    facts = json.dumps(facts_of(model) | {"scale": SCALE / model.calibration.temperature, "log_mel": log_mel})
    (folder / MODEL).write_text(f'"use strict";\nconst FACTS = {facts};\nconst MODEL = "{_packed(content)}";\n')
    module = base64.b64encode(runtime[MODULE]).decode()
    parts = json.dumps({"script": runtime[SCRIPT].decode(), "module": module, "wasm": _packed(runtime[WASM])})
    (folder / RUNTIME).write_text(f'"use strict";\nconst RUNTIME = {parts};\n')
    for source in resources.files("asc_jax.deploy").joinpath("web").iterdir():
        (folder / source.name).write_bytes(source.read_bytes())


def read(folder: Path) -> Exported:
    """Its ONNX file, in ONNX Runtime: the browser's runtime is the same code, compiled for WebAssembly."""
    text = (folder / MODEL).read_text().rpartition('MODEL = "')[2].partition('"')[0]
    return onnx.read(gzip.decompress(base64.b64decode(text)))


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()

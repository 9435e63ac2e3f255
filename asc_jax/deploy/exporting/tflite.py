"""TensorFlow Lite (LiteRT), a batch of one clip; the facts are in a zip archive at the end of the file.

That is where the format's own metadata has its associated files: the runtime does not read beyond the model.
"""

import json
import tempfile
from pathlib import Path
from typing import Literal
from zipfile import ZipFile

import numpy as np

from asc_jax.deploy.classifier import Classifier
from asc_jax.deploy.exporting.program import FACTS, INPUT, OUTPUTS, Exported, facts_of, needed, program
from asc_jax.deploy.exporting.savedmodel import SIGNATURE, save, tensorflow

EXTRA = "tflite"
NETWORK = "(SceneNet|member_[0-9]+)/"  # of an ensemble
ATTENTION, TRUNK = NETWORK + "attention/", NETWORK + "trunk/"  # in the names of operations

Precision = Literal["float32", "float16", "int8"]


def write(model: Classifier, file: Path, precision: Precision = "float32") -> None:
    """Weights of attention and trunk in that precision, with int8 those of the trunk's 1x1 convolutions, the most."""
    tf = tensorflow(EXTRA)
    with tempfile.TemporaryDirectory() as folder:
        save(tf, program(model), (1, model.samples), Path(folder), ("cpu",))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        content = converter.convert()
    file.write_bytes({"float32": bytes, "float16": _in_float16, "int8": _in_int8}[precision](content))
    with ZipFile(file, "a") as archive:
        archive.writestr(FACTS, json.dumps(facts_of(model), indent=2))


def read(file: Path) -> Exported:
    """In LiteRT's interpreter."""
    interpreter = needed("ai_edge_litert.interpreter", EXTRA).Interpreter(str(file))
    runner = interpreter.get_signature_runner(SIGNATURE)
    with ZipFile(file) as archive:
        facts = json.loads(archive.read(FACTS))

    def run(waveform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        batches = [runner(**{INPUT: clip[None]}) for clip in waveform]
        cosine, confidence = (np.concatenate([each[name] for each in batches]) for name in OUTPUTS)
        return cosine, confidence

    return Exported(facts, run)


def _in_float16(content: bytes) -> bytes:
    """Halved weights of attention and trunk: the front end's smallest constants would become zeros, and silence NaN."""
    quantizer = needed("litert_quantizer.quantizer", EXTRA).Quantizer(content)
    for operation in ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D"):
        quantizer.add_weight_only_config(
            regex=f"{ATTENTION}|{TRUNK}", operation_name=operation, num_bits=16, algorithm_key="float_casting"
        )
    return bytes(quantizer.quantize(enable_progress_report=False).quantized_model)


def _in_int8(content: bytes) -> bytes:
    """Integer weights for the trunk's matrix products, whose inputs get a scale for each position as they run.

    One scale for a whole map, from calibration, changed the predicted scene of 2 to 3 % of the clips: a few channels of
    the maps are far larger than the others. So did integers in the 3x3 convolutions, which have few weights.
    """
    quantizer = needed("litert_quantizer.quantizer", EXTRA).Quantizer(content)
    quantizer.add_dynamic_config(regex=TRUNK, operation_name="FULLY_CONNECTED", num_bits=8)
    return bytes(quantizer.quantize(enable_progress_report=False).quantized_model)

"""ONNX, with the facts as JSON in the model's metadata."""

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax

from asc_jax.deploy.classifier import Classifier
from asc_jax.deploy.exporting.program import INPUT, OUTPUTS, Exported, facts_of, needed, program

EXTRA = "onnx"
OPSET = 18  # from ONNX Runtime 1.14 on; what the converter writes for older ones is not valid


def write(model: Classifier, file: Path) -> None:
    """For any batch."""
    with _quiet(), _without_equinox():
        jax2onnx, onnx = needed("jax2onnx", EXTRA), needed("onnx", EXTRA)
        # ONNX Runtime does not load the DFT of a batch of any size. The converter fails on the jitted functions of
        # jax 0.11 and later, so there are none.
        with jax.disable_jit():
            converted = jax2onnx.to_onnx(
                program(model, "portable"),
                inputs=[("batch", model.samples)],
                input_names=[INPUT],
                output_names=list(OUTPUTS),
                opset=OPSET,
            )
    converted.ir_version = onnx.helper.find_min_ir_version_for(converted.opset_import)
    onnx.helper.set_model_props(converted, {name: json.dumps(fact) for name, fact in facts_of(model).items()})
    onnx.save(converted, file)


def read(file: Path | bytes) -> Exported:
    """A file or its content, in ONNX Runtime."""
    onnxruntime = needed("onnxruntime", EXTRA)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    kept = session.get_modelmeta().custom_metadata_map
    facts = {name: json.loads(fact) for name, fact in kept.items()}
    return Exported(facts, lambda waveform: tuple(session.run(OUTPUTS, {INPUT: waveform})))


@contextmanager
def _without_equinox() -> Iterator[None]:
    """Lets the converter skip its plugins for Equinox, which take longer to import than the network to convert."""
    if "equinox" in sys.modules:
        yield
        return
    sys.modules["equinox"] = None  # pyright: ignore[reportArgumentType]  an import of it fails
    try:
        yield
    finally:
        del sys.modules["equinox"]


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences the converter's report of operations that it cannot convert and this network does not have."""
    handlers = logging.root.handlers or [logging.lastResort]
    for handler in filter(None, handlers):
        handler.addFilter(_not_of_the_converter)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for handler in filter(None, handlers):
            handler.removeFilter(_not_of_the_converter)


def _not_of_the_converter(record: logging.LogRecord) -> bool:
    return record.levelno > logging.WARNING or not {"jax2onnx", "onnx_ir"}.intersection(Path(record.pathname).parts)

"""TensorFlow's SavedModel, with the facts in its folder assets.extra."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from asc_jax.deploy.classifier import Classifier
from asc_jax.deploy.exporting.program import (
    FACTS,
    INPUT,
    OUTPUTS,
    PLATFORMS,
    Exported,
    facts_of,
    needed,
    program_for_xla,
)

EXTRA = "savedmodel"
SIGNATURE = "serving_default"
ASSETS = "assets.extra"  # what belongs to a model without being loaded with it


def write(model: Classifier, folder: Path) -> None:
    """For any batch, on CPU, CUDA and TPU."""
    save(tensorflow(EXTRA), program_for_xla(model), (None, model.samples), folder, PLATFORMS)
    (folder / ASSETS).mkdir()
    (folder / ASSETS / FACTS).write_text(json.dumps(facts_of(model), indent=2))


def read(folder: Path) -> Exported:
    """In TensorFlow."""
    tf = tensorflow(EXTRA)
    loaded = tf.saved_model.load(folder)  # the signature does not keep it alive
    facts = json.loads((folder / ASSETS / FACTS).read_text())

    def run(waveform):
        outputs = loaded.signatures[SIGNATURE](**{INPUT: tf.constant(waveform)})
        return tuple(outputs[name].numpy() for name in OUTPUTS)

    return Exported(facts, run)


def save(
    tf: ModuleType, program: Callable, shape: tuple[int | None, int], folder: Path, platforms: tuple[str, ...]
) -> None:
    """The program alone, for a waveform of that shape; None is a batch of any size."""
    from jax.experimental import jax2tf

    named = f"({shape[0] or 'batch'}, {shape[1]})"
    convert = jax2tf.convert(
        program, polymorphic_shapes=[named], with_gradient=False, native_serialization_platforms=platforms
    )
    waveform = tf.TensorSpec(shape, tf.float32, INPUT)

    @tf.function(autograph=False, input_signature=[waveform])
    def signature(waveform):
        return dict(zip(OUTPUTS, convert(waveform), strict=True))

    module = tf.Module()
    module.signature = signature
    tf.saved_model.save(module, folder, {SIGNATURE: signature})


def tensorflow(extra: str) -> ModuleType:
    """TensorFlow without its log of the processor's features, on which the order of sums does not depend."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    return needed("tensorflow", extra)

"""StableHLO, which JAX alone runs: a zip file with the serialised program and its facts."""

import json
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import jax
import jax.numpy as jnp
from jax import export

from asc_jax.deploy.classifier import Classifier
from asc_jax.deploy.exporting.program import FACTS, PLATFORMS, Exported, facts_of, program_for_xla

PROGRAM = "program.bin"


def write(model: Classifier, file: Path) -> None:
    """For any batch, on CPU, CUDA and TPU."""
    (batch,) = export.symbolic_shape("batch")
    waveform = jax.ShapeDtypeStruct((batch, model.samples), jnp.float32)
    exported = export.export(jax.jit(program_for_xla(model)), platforms=PLATFORMS)(waveform)
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr(PROGRAM, bytes(exported.serialize()))
        archive.writestr(FACTS, json.dumps(facts_of(model), indent=2))


def read(file: Path) -> Exported:
    """In JAX, without the network's code."""
    with ZipFile(file) as archive:
        exported = export.deserialize(bytearray(archive.read(PROGRAM)))
        facts = json.loads(archive.read(FACTS))
    call = jax.jit(exported.call)
    return Exported(facts, lambda waveform: jax.device_get(call(waveform)))

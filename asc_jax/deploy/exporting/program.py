"""What every exported file holds: the network as a function of waveforms, and what its user must know."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import jax
import numpy as np

from asc_jax.deploy.classifier import Classifier
from asc_jax.errors import UserError
from asc_jax.evaluate.calibration import NOT_CALIBRATED
from asc_jax.net.arcface import SCALE
from asc_jax.net.ensemble import in_float32
from asc_jax.net.frontend import RATE
from asc_jax.net.scenenet import outputs_of

INPUT = "waveform"
OUTPUTS = ("cosine", "confidence")
PLATFORMS = ("cpu", "cuda", "tpu")
FACTS = "model.json"  # the name of the facts inside a file or folder


@dataclass(frozen=True)
class Exported:
    """A file opened in its own runtime: its facts, and waveform float32 [B, samples] -> (cosine [B, scenes],
    confidence [B])."""

    facts: dict
    run: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


Program = Callable[[jax.Array], tuple[jax.Array, jax.Array]]


def program(model: Classifier, backend: str = "xla") -> Program:
    """waveform float32 [B, samples] in [-1, 1] -> (cosine [B, scenes], confidence [B]); the weights are inside.

    `backend` is that of `SceneNet`: other compilers than XLA's for CPUs compute convolutions well themselves.
    """
    net = in_float32(model.net).clone(backend=backend)  # not every runtime has bfloat16
    variables = jax.device_get(model.variables)
    scale = SCALE / model.calibration.temperature

    def cosine_and_confidence(waveform: jax.Array) -> tuple[jax.Array, jax.Array]:
        cosine = outputs_of(net, variables, waveform).cosine
        return cosine, jax.nn.softmax(scale * cosine).max(1)

    return cosine_and_confidence


def program_for_xla(model: Classifier) -> Program:
    """The same, which on each platform is as it runs best there."""
    on_cpu, elsewhere = program(model, "cpu"), program(model)
    return lambda waveform: jax.lax.platform_dependent(waveform, cpu=on_cpu, default=elsewhere)


def facts_of(model: Classifier) -> dict:
    """The scenes in the order of the cosines, samples a second, samples a window, and the integer sample that is 1.

    Of a calibrated network also what the cosines are multiplied by for the confidence, and, if it has a threshold, the
    log-sum-exp of these products below which a window is unknown.
    """
    scale, threshold = SCALE / model.calibration.temperature, model.calibration.threshold
    calibration = {} if model.calibration == NOT_CALIBRATED else {"scale": scale}
    calibration |= {} if threshold is None else {"unknown_below": threshold}
    facts = {"scenes": list(model.scenes), "sampling_rate": RATE, "samples": model.samples, "full_scale": 32768}
    return facts | calibration


def needed(module: str, extra: str) -> ModuleType:
    """A module that an optional extra installs; without it, the UserError names the command."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise UserError(f"this format needs {error.name}; in asc_jax's folder: pip install -e '.[{extra}]'") from error

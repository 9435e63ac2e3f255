"""A folder for microcontrollers: the network in 8-bit integers, as a TensorFlow Lite file and as a C array, with C++.

The front end is outside of the file: `front_end.h` computes it, and `main.cc` shows how both are used.
"""

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from asc_jax.deploy.classifier import Classifier
from asc_jax.deploy.exporting.after_front_end import tensorflow_function
from asc_jax.deploy.exporting.integers import arena, in_integers
from asc_jax.deploy.exporting.program import FACTS, Exported, facts_of, needed
from asc_jax.deploy.exporting.savedmodel import tensorflow
from asc_jax.errors import UserError
from asc_jax.net.arcface import SCALE
from asc_jax.net.ensemble import Ensemble, in_float32
from asc_jax.net.frontend import normalise, residual_normalise
from asc_jax.net.scenenet import outputs_of, to_waveform

EXTRA = "tflite"
FILE, HEADER = "network.tflite", "network.h"
EXAMPLES = 200  # clips that tell the ranges of the maps
NEVER_UNKNOWN = -1e9  # a threshold for networks that have none

Features = Callable[[np.ndarray], np.ndarray]


def features_of(model: Classifier) -> Features:
    """The front end: waveform float32 [B, samples] -> normalised log-mel and Wavegram [B, F, T, 2]."""
    if isinstance(model.net, Ensemble):
        raise UserError("--format micro is for one network, not for an ensemble: train a student of it (--teachers)")
    net, share = in_float32(model.net), model.net.network.residual_normalisation
    if model.net.network.wavegram_filters != 1:
        raise UserError("--format micro is for a Wavegram of one filter (train with --wavegram-filters 1)")

    @jax.jit
    def of_one(variables: Any, waveform: jax.Array) -> jax.Array:
        raw = outputs_of(net, variables, waveform).features.swapaxes(1, 2)  # [1, T, F, 2]
        mel = residual_normalise(raw[..., 0], share) if share else normalise(raw[..., 0])
        return jnp.stack((mel, normalise(raw[..., 1])), axis=-1).swapaxes(1, 2)

    def features(waveform: np.ndarray) -> np.ndarray:
        """Clip by clip: one shape, compiled once."""
        return np.concatenate([of_one(model.variables, clip[None]) for clip in waveform])

    return features


def write(model: Classifier, folder: Path, features: Features, examples: np.ndarray) -> None:
    """The maps' ranges are those of examples, int16 [M, samples], which the network should have been trained on."""
    tf = tensorflow(EXTRA)
    chosen = np.linspace(0, len(examples) - 1, min(len(examples), EXAMPLES)).round().astype(int)
    maps = features(np.asarray(to_waveform(examples[chosen])))
    content = in_integers(tf, tensorflow_function(tf, model, maps.shape[1:3]), maps, EXTRA)
    folder.mkdir()
    (folder / FILE).write_bytes(content)
    (folder / FACTS).write_text(json.dumps(facts_of(model), indent=2))
    (folder / HEADER).write_text(header(model, content, arena(content, EXTRA)), encoding="utf-8")
    for source in resources.files("asc_jax.deploy").joinpath("microcontroller").iterdir():
        (folder / source.name).write_bytes(source.read_bytes())


def read(folder: Path, features: Features) -> Exported:
    """The network in LiteRT's interpreter, after the front end in JAX."""
    interpreter = needed("ai_edge_litert.interpreter", EXTRA).Interpreter(str(folder / FILE))
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    facts = json.loads((folder / FACTS).read_text())

    def cosine(maps: np.ndarray) -> np.ndarray:
        scale, zero = taken["quantization"]
        interpreter.set_tensor(taken["index"], np.clip(np.round(maps / scale) + zero, -128, 127).astype(np.int8))
        interpreter.invoke()
        scale, zero = given["quantization"]
        return (interpreter.get_tensor(given["index"]).astype(np.float32) - zero) * np.float32(scale)

    def run(waveform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cosines = np.concatenate([cosine(maps[None]) for maps in features(waveform)])
        shares = np.exp(facts.get("scale", SCALE) * cosines)
        return cosines, (shares / shares.sum(1, keepdims=True)).max(1)

    return Exported(facts, run)


def header(model: Classifier, content: bytes, arena: int) -> str:
    """The C++ header of a network's TensorFlow Lite file, whose maps and operations need that many bytes."""
    network, wavegram = model.net.network, jax.tree.map(np.asarray, model.variables["params"]["wavegram"])
    taps = wavegram["filter"]["kernel"][:, 0]
    tap_scale = max(np.abs(taps).max(), 1e-12) / 32767
    calibration = model.calibration
    threshold = NEVER_UNKNOWN if calibration.threshold is None else calibration.threshold
    (filter_bias,) = wavegram["filter_norm"]["bias"]
    return HEADER_TEXT.format(
        samples=model.samples,
        hop=network.hop,
        bands=network.bands,
        magnitude=str(network.magnitude_mel).lower(),
        residual=float(network.residual_normalisation),
        taps=_listed(np.round(taps / tap_scale).astype(int)),
        tap_scale=float(tap_scale),
        filter_bias=float(filter_bias),
        spread=_listed(wavegram["spread"]["kernel"][0]),
        spread_bias=_listed(wavegram["spread_norm"]["bias"]),
        scenes=len(model.scenes),
        names=", ".join(_quoted(name) for name in model.scenes),
        scale=float(SCALE / calibration.temperature),
        threshold=float(threshold),
        arena=arena,
        size=len(content),
        bytes=_listed(content),
    )


def _quoted(name: str) -> str:
    """As a C string; `??` could begin a trigraph."""
    return json.dumps(name, ensure_ascii=False).replace("?", "\\?")


def _listed(numbers: Any) -> str:
    return ",".join(str(float(each)) if isinstance(each, np.floating) else str(each) for each in numbers)


HEADER_TEXT = """// What asc-jax exported: the network, its scenes, and what its front end needs.
#pragma once
#include <cstddef>
#include <cstdint>

constexpr int kSamples = {samples}, kHop = {hop}, kBands = {bands};  // 16 kHz
constexpr bool kMagnitudeMel = {magnitude};
constexpr float kResidualNormalisation = {residual}f;
constexpr int16_t kTaps[] = {{{taps}}};  // of the Wavegram's filter
constexpr float kTapScale = {tap_scale}f, kFilterBias = {filter_bias}f;
constexpr float kSpread[] = {{{spread}}};
constexpr float kSpreadBias[] = {{{spread_bias}}};
constexpr int kScenes = {scenes};
constexpr const char* kSceneNames[] = {{{names}}};
constexpr float kScale = {scale}f;  // of the cosines, for the confidence
constexpr float kUnknownBelow = {threshold}f;  // the log-sum-exp of the scaled cosines
constexpr size_t kArenaBytes = {arena};  // for the maps, and what TensorFlow Lite Micro keeps of each operation
alignas(16) constexpr unsigned char kNetwork[{size}] = {{{bytes}}};
"""

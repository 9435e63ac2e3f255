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
from asc_jax.deploy.exporting.integers import in_integers, memory
from asc_jax.deploy.exporting.program import FACTS, Exported, facts_of, needed
from asc_jax.deploy.exporting.savedmodel import tensorflow
from asc_jax.errors import UserError
from asc_jax.net.arcface import SCALE
from asc_jax.net.ensemble import Ensemble, in_float32
from asc_jax.net.frontend import normalise, residual_normalise
from asc_jax.net.scenenet import outputs_of, to_waveform

EXTRA = "tflite"
FILE, HEADER = "network.tflite", "network.h"
EXAMPLES = 200  # clips that the scales of the maps are taken from
OTHER_MEMORY = 100_000  # bytes of the arena for what TensorFlow Lite Micro keeps beside the maps

Features = Callable[[np.ndarray], np.ndarray]


def features_of(model: Classifier) -> Features:
    """The front end: waveform float32 [B, samples] -> normalised log-mel and Wavegram [B, F, T, 2]."""
    if isinstance(model.net, Ensemble):
        raise UserError("--format micro is for one network, not for an ensemble: train a student of it (--teachers)")
    net, share = in_float32(model.net), model.net.network.residual_normalisation
    if model.net.network.wavegram_filters != 1:
        raise UserError("--format micro is for a Wavegram of one filter (train with --wavegram-filters 1)")

    @jax.jit
    def features(variables: Any, waveform: jax.Array) -> jax.Array:
        mel, waves = jnp.moveaxis(outputs_of(net, variables, waveform).features, (3, 2), (0, 2))  # [B, T, F] each
        normalised = residual_normalise(mel, share) if share else normalise(mel)
        return jnp.stack((normalised, normalise(waves)), axis=-1).swapaxes(1, 2)

    def of_each(waveform: np.ndarray) -> np.ndarray:
        return np.concatenate([features(model.variables, clip[None]) for clip in waveform])

    return of_each


def write(model: Classifier, folder: Path, features: Features, examples: np.ndarray) -> None:
    """The maps get their scales from examples, int16 [M, samples], which the network should have been trained on."""
    tf = tensorflow(EXTRA)
    chosen = np.linspace(0, len(examples) - 1, min(len(examples), EXAMPLES)).round().astype(int)
    maps = features(np.asarray(to_waveform(examples[chosen])))
    content = in_integers(tf, tensorflow_function(tf, model, maps.shape[1:3]), maps, EXTRA)
    folder.mkdir()
    (folder / FILE).write_bytes(content)
    (folder / FACTS).write_text(json.dumps(facts_of(model), indent=2))
    (folder / HEADER).write_text(_header(model, content))
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


def _header(model: Classifier, content: bytes) -> str:
    network, wavegram = model.net.network, jax.tree.map(np.asarray, model.variables["params"]["wavegram"])
    taps = wavegram["filter"]["kernel"][:, 0]
    scale = np.abs(taps).max() / 32767
    (filter_bias,) = wavegram["filter_norm"]["bias"]
    return HEADER_TEXT.format(
        samples=model.samples,
        hop=network.hop,
        bands=network.bands,
        magnitude=str(network.magnitude_mel).lower(),
        residual=float(network.residual_normalisation),
        taps=_listed(np.round(taps / scale).astype(int)),
        tap_scale=float(scale),
        filter_bias=float(filter_bias),
        spread=_listed(wavegram["spread"]["kernel"][0]),
        spread_bias=_listed(wavegram["spread_norm"]["bias"]),
        scenes=len(model.scenes),
        names=", ".join(json.dumps(name) for name in model.scenes),
        arena=memory(content, EXTRA) + OTHER_MEMORY,
        size=len(content),
        bytes=_listed(content),
    )


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
constexpr size_t kArenaBytes = {arena};  // for the maps, and what TensorFlow Lite Micro keeps of each operation
alignas(16) constexpr unsigned char kNetwork[{size}] = {{{bytes}}};
"""

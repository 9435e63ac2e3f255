"""Runs an exported file in an old runtime, without JAX and with NumPy 1: RUNTIME FILE WAVEFORM.npy COSINE.npy"""

import importlib
import sys

import numpy as np


def in_onnxruntime(file):
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return lambda waveform: session.run(["cosine"], {"waveform": waveform})[0]


def in_tflite(file, runtime):
    interpreter = importlib.import_module(f"{runtime}.interpreter").Interpreter(file)
    runner = interpreter.get_signature_runner("serving_default")
    return lambda waveform: np.concatenate([runner(waveform=clip[None])["cosine"] for clip in waveform])


runtime, file, waveform, cosine = sys.argv[1:]
run = in_onnxruntime(file) if runtime == "onnxruntime" else in_tflite(file, runtime)
np.save(cosine, run(np.load(waveform)))

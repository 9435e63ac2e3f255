"""Weights and clips for which `pytorch.npz` holds PyTorch's results, from NumPy and a seed.

Names and shapes are those of the released network for clips of 1.1 seconds. Everything is drawn uniformly and rounded
to float32 or int16, so that every machine gets the same numbers; `checksum` says whether it did.
"""

import zlib

import numpy as np

SEED = 2026  # with many others a ReLU leaves the attention map at 0.5 almost everywhere
SAMPLES = 17_600  # 1.1 s: 35, 18, 9, 5 and 3 frames, even and odd numbers of them
LABELS = np.array([3, 0, 7, 4])
LOSS_WEIGHTS = np.array([1, 0.25, 0.75, 0.5])
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 0.01
STEPS = 4
WHOLE = 64  # numbers, at most, of an array that is stored as it is
PROJECTIONS = 8


def weights() -> dict[str, np.ndarray]:
    """Every weight and running statistic by its released name, in the released order: float32."""
    return {
        name: (low + (high - low) * _random(name).random(shape)).astype(np.float32)
        for name, (shape, low, high) in _tensors().items()
    }


def audio() -> np.ndarray:
    """Four clips of different spectra and loudness: int16 [4, SAMPLES]."""
    time = np.arange(SAMPLES) / SAMPLES
    noise = 2 * _random("audio").random((4, SAMPLES)) - 1
    fading = 0.5 * noise[0] * 10 ** (-6 * time)  # into digital silence, where the log-mel's 1e-8 is all there is
    harmonics = sum(np.sin(2 * np.pi * 220 * n * (time + 0.001 * np.sin(10 * time))) / n for n in range(1, 9))
    chirp = np.sin(2 * np.pi * (100 + 3400 * time) * time) * (0.2 + 0.8 * (time * 5 % 1 < 0.5))
    rumble = np.convolve(noise[3], np.ones(64) / 16, "same") * (1 + np.sin(2 * np.pi * 3 * time))
    clips = np.stack([fading, 0.2 * harmonics + 0.001 * noise[1], 0.3 * chirp + 0.01 * noise[2], 0.1 * rumble])
    return np.round(32767 * np.clip(clips, -1, 1)).astype(np.int16)


def checksum() -> int:
    """Of all weights and clips."""
    return zlib.crc32(b"".join(array.tobytes() for array in (*weights().values(), audio())))


def summary(name: str, array) -> np.ndarray:
    """A small array as it is; of a large one its norm and random projections, each about as large as the norm.

    A wrong sign, a permuted axis or any other difference changes the projections as much as it changes the array.
    """
    array = np.asarray(array, np.float64).ravel()
    if array.size <= WHOLE:
        return array
    directions = np.sqrt(12) * (_random(name).random((PROJECTIONS, array.size)) - 0.5)
    return np.array([np.linalg.norm(array), *directions @ array])


def _random(name: str) -> np.random.Generator:
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def _tensors() -> dict[str, tuple]:
    """Released name -> (shape, low, high)."""
    tensors = _separable("wavegram", (1, 1, 1024), (128, 1, 1), bias=True)
    tensors |= _separable("heatmap.0", (2, 1, 3, 3), (16, 2, 1, 1)) | _norm("heatmap.1", 16)
    tensors |= _separable("heatmap.3", (16, 1, 3, 3), (64, 16, 1, 1)) | _norm("heatmap.4", 64)
    tensors |= _separable("heatmap.6", (64, 1, 1, 1), (2, 64, 1, 1), bias=True)
    tensors |= _block("conv1", (64, 2, 3, 3)) | _block("dw_conv1", (64, 1, 3, 3))
    channels = 64
    for number, wide in enumerate((128, 256, 512, 512, 512, 512)):
        tensors |= _bottleneck(f"classifier.blocks.{number}.conv", channels, wide)
        channels = 128
    tensors |= _block("conv2", (512, 128, 1, 1))
    tensors |= _block("linear7", (512, 1, 8, 3), slopes=False) | _block("linear1", (128, 512, 1, 1), slopes=False)
    return tensors | _kernel("arcface.weight", (10, 128))


def _separable(name, depthwise, pointwise, bias=False):
    tensors = {}
    for layer, shape in (("dwconv", depthwise), ("pwconv", pointwise)):
        tensors |= _kernel(f"{name}.{layer}.weight", shape)
        if bias:
            tensors[f"{name}.{layer}.bias"] = (shape[:1], -0.5, 0.5)
        tensors |= _norm(f"{name}.{layer}_normalization", shape[0])
    return tensors


def _block(name, shape, slopes=True):
    conv, norm, prelu = (f"classifier.{name}.{layer}" for layer in ("conv", "bn", "prelu"))
    return _kernel(f"{conv}.weight", shape) | _norm(norm, shape[0]) | (_slopes(prelu, shape[0]) if slopes else {})


def _bottleneck(name, channels, wide):
    tensors = _kernel(f"{name}.0.weight", (wide, channels, 1, 1)) | _norm(f"{name}.1", wide)
    tensors |= _slopes(f"{name}.2", wide)
    tensors |= _kernel(f"{name}.3.weight", (wide, 1, 3, 3)) | _norm(f"{name}.4", wide) | _slopes(f"{name}.5", wide)
    return tensors | _kernel(f"{name}.6.weight", (128, wide, 1, 1)) | _norm(f"{name}.7", 128)


def _kernel(name, shape):
    bound = np.sqrt(6 / np.prod(shape[1:]))  # of variance 2 / fan in
    return {name: (shape, -bound, bound)}


def _slopes(name, channels):
    return {f"{name}.weight": ((channels,), 0.1, 0.4)}


def _norm(name, channels):
    ranges = {"weight": (0.5, 1.5), "bias": (-0.5, 0.5), "running_mean": (-0.3, 0.3), "running_var": (0.5, 1.5)}
    return {f"{name}.{leaf}": ((channels,), *limits) for leaf, limits in ranges.items()}

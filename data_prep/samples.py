"""What samples must be before anything is said of them, wherever they come from: files, streams, arrays."""

from typing import Any

import numpy as np

from data_prep.faults import Unusable

LARGEST = 32.0  # times full scale; a mix may exceed 1, integers that were not scaled exceed it by far
QUIETEST = 1.0  # step of 16 bits; what deviates less from its mean is rounding
MOST_CHANNELS = 64
LOWEST_RATE, HIGHEST_RATE = 1_000, 1_000_000  # Hz
SHAPES = "give [samples] or [samples, channels]"
NO_SIGNAL = "holds nothing but rounding (a deviation below 1 of 32768)"


def as_mono(waveform: object, rate: Any) -> np.ndarray:
    """One recording as an array, at any rate -> its channels' mean, float32 [N], 1 at full scale.

    Integers are scaled by their type. Unusable if it is none: of another shape, empty, not finite or out of range.
    """
    number = isinstance(rate, (int, float, np.integer, np.floating)) and not isinstance(rate, bool)
    if not number or not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise Unusable(
            "no rate",
            f"{repr(rate).splitlines()[0][:40]}: give the samples of a second, such as 16000, after the samples",
        )
    try:
        audio = np.asarray(waveform)
    except ValueError as error:
        raise Unusable("wrong shape", f"no array ({error}): {SHAPES}") from error
    if audio.ndim not in (1, 2) or (audio.ndim == 2 and not 1 <= audio.shape[1] <= MOST_CHANNELS):
        turned = ", as that of [channels, samples] transposed" if audio.ndim == 2 else ""
        raise Unusable("wrong shape", f"{list(audio.shape)}: {SHAPES}{turned}")
    if audio.ndim == 2 and 1 <= audio.shape[0] < audio.shape[1]:
        raise Unusable("wrong shape", f"{list(audio.shape)} are more channels than samples: transpose it, {SHAPES}")
    audio = check(_scaled(audio))
    return audio.mean(axis=1) if audio.ndim == 2 else audio


def _scaled(audio: np.ndarray) -> np.ndarray:
    """float32, integers by their type: full scale of int16 is 32768, and uint8 has its zero at 128, as in WAV files."""
    audio = audio.astype(audio.dtype.newbyteorder("="))
    if audio.dtype.kind == "f":
        return audio.astype(np.float32)
    if audio.dtype in (np.int8, np.int16, np.int32):
        return (audio / (np.iinfo(audio.dtype).max + 1.0)).astype(np.float32)
    if audio.dtype == np.uint8:
        return (audio.astype(np.float32) - 128) / 128
    raise Unusable("wrong type", f"{audio.dtype}: give floats, int8, int16, int32 or uint8")


def to_int16(audio: np.ndarray) -> np.ndarray:
    """A value x, 1 at full scale, as round(32768 x): halves to even, clipped to int16."""
    scaled = audio.astype(np.float32) * 32768
    return np.clip(np.rint(scaled, out=scaled), -32768, 32767, out=scaled).astype(np.int16)


def check(audio: np.ndarray) -> np.ndarray:
    """float32 [N] or [N, channels], as it is. Unusable if it has no sample, one that is not finite, or integers."""
    if not audio.size:
        raise Unusable("empty", "holds no samples")
    lowest, highest = audio.min(), audio.max()
    if not np.isfinite(lowest) or not np.isfinite(highest):
        raise Unusable("not finite", "holds samples that are NaN or infinite")
    largest = max(-lowest, highest)
    if largest > LARGEST:
        raise Unusable(
            "out of range", f"reaches {largest:.4g} where full scale is 1: integers that were not scaled, or damage"
        )
    return audio


def check_length(frames: int, rate: float, target: int) -> None:
    """Unusable where resampling would leave less than a sample."""
    if frames * target < rate:
        raise Unusable("empty", "holds no samples" if not frames else f"holds less than a sample at {target} Hz")


def has_signal(audio: np.ndarray) -> bool:
    """Whether int16 samples hold more than rounding and a constant."""
    return bool(audio.any()) and float(audio.std(dtype=np.float32)) >= QUIETEST


class Channels:
    """Which channels of a recording have held a signal, block by block."""

    def __init__(self, channels: int):
        self._lowest, self._highest = np.full(channels, np.inf), np.full(channels, -np.inf)

    def add(self, audio: np.ndarray) -> None:
        """float [N, channels]"""
        self._lowest, self._highest = (
            np.minimum(self._lowest, audio.min(axis=0)),
            np.maximum(self._highest, audio.max(axis=0)),
        )

    @property
    def silent(self) -> list[int]:
        """The numbers, from 1, of channels that are constant."""
        return (np.flatnonzero(self._highest - self._lowest < 2 / 32768) + 1).tolist()

    def silence(self) -> Unusable:
        """Why there is no signal in the mean of the channels."""
        count = len(self._lowest)
        if count > 1 and len(self.silent) < count:
            return Unusable("silent", f"its {count} channels cancel each other; keep one of them")
        return Unusable("silent", NO_SIGNAL)

    def notes(self) -> list[str]:
        """What is odd about channels whose mean has a signal."""
        silent = self.silent if len(self._lowest) > 1 else []
        numbers = ", ".join(map(str, silent))
        return [f"channel {numbers} of {len(self._lowest)} is silent"] if silent else []

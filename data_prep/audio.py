"""Files of sound -> int16 samples at 16 kHz, mono, checked."""

import collections
import concurrent.futures
import math
import pathlib
import re
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import soundfile
import soxr

from data_prep import PrepareError
from data_prep.dataset import SAMPLE_RATE

MARGIN = 1.0  # seconds read beyond those kept, so that the resampler's filter sees what librosa's sees
UNKNOWN_LENGTH = 2**32 - 1  # bytes; in the header of a WAV file that was written to a pipe


def decode(path: pathlib.Path, name: str, samples: int) -> np.ndarray:
    """Decodes a file as `librosa.load(path, sr=16000, mono=True)` does, then to int16: its first `samples`, or all.

    A value x becomes round(32768 x), halves to even, and what lies outside int16 is clipped to full scale, so that
    16-bit files at 16 kHz come back bit for bit. PrepareError names the file as `name` if it is unreadable, empty,
    truncated or holds a sample that is not finite.
    """
    audio, rate = _read(path, name, samples / SAMPLE_RATE + MARGIN)
    if not len(audio):
        raise PrepareError(f"{name}: holds no samples")
    if not np.isfinite(audio).all():
        raise PrepareError(f"{name}: holds samples that are not finite (NaN or infinity)")
    resampled = _resample(audio.mean(axis=1), rate)[:samples]
    return np.clip(np.rint(resampled * 32768), -32768, 32767).astype(np.int16)


def exactly(audio: np.ndarray, samples: int, name: str) -> np.ndarray:
    """Returns the first `samples` of a clip; PrepareError if it is shorter."""
    if len(audio) < samples:
        raise PrepareError(f"{name}: {len(audio) / SAMPLE_RATE:g} s long, {samples / SAMPLE_RATE:g} s are needed")
    return audio[:samples]


def repeated(audio: np.ndarray, samples: int, name: str) -> np.ndarray:
    """Returns the first `samples` of a clip that starts over whenever it ends."""
    return np.resize(audio, samples)


def ordered_map(function: Callable, items: Iterable, threads: int = 2) -> Iterator:
    """Yields function(item) in the order of the items; works ahead by no more than four items a thread."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        pending = collections.deque()
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > 4 * threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _read(path, name, seconds):
    """Returns float32[frames, channels] and the sample rate of a file's first `seconds`."""
    try:
        with soundfile.SoundFile(path) as file:
            rate, frames = file.samplerate, min(file.frames, math.ceil(seconds * file.samplerate))
            audio = file.read(frames, dtype="float32", always_2d=True)
            missing = _missing_bytes(file.extra_info)
    except (OSError, soundfile.LibsndfileError) as error:
        reason = getattr(error, "error_string", None) or error
        raise PrepareError(f"{name}: cannot be decoded: {reason}") from error
    if missing or len(audio) < frames:
        raise PrepareError(f"{name}: truncated, its header promises more than the file holds; fetch or export it again")
    return audio, rate


def _missing_bytes(log):
    """Bytes that a WAV header promises beyond the end of its file; libsndfile reads on silently but logs both sizes."""
    sizes = re.search(r"^data : (\d+) \(should be (\d+)\)", log, re.MULTILINE)
    if not sizes or int(sizes[1]) == UNKNOWN_LENGTH:
        return 0
    return max(0, int(sizes[1]) - int(sizes[2]))


def _resample(audio, rate):
    """To 16 kHz with soxr's HQ filter, ceil(frames * 16000 / rate) samples long as librosa has it."""
    if rate == SAMPLE_RATE:
        return audio
    samples = -(-len(audio) * SAMPLE_RATE // rate)
    resampled = soxr.resample(audio, rate, SAMPLE_RATE, quality="HQ")[:samples]
    return np.pad(resampled, (0, samples - len(resampled)))

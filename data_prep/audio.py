"""Files of sound -> int16 samples at 16 kHz, mono, checked."""

import collections
import concurrent.futures
import math
import os
import pathlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np
import soundfile
import soxr

from data_prep.dataset import SAMPLE_RATE, Recording
from data_prep.faults import Unusable

MARGIN = 1.0  # seconds read beyond those kept, so that the resampler's filter sees what librosa's sees
UNKNOWN_LENGTH = 2**32 - 1  # bytes; in the header of a WAV file that was written to a pipe
CUT = ("truncated", "ends before its header or its last page says; fetch or export it again")
LAST_PAGE = 65_307  # bytes; the longest page of an Ogg file
THREADS = min(8, (os.cpu_count() or 1) + 1)  # one more than cores: one waits for the interpreter at any time

Item = TypeVar("Item")
Made = TypeVar("Made")
_thread = threading.local()


def decode(path: pathlib.Path, samples: int, fit: str) -> Recording:
    """Decodes a file as `librosa.load(path, sr=16000, mono=True)` does, to int16[samples] as `fit` says.

    A value x becomes round(32768 x), halves to even, and what lies outside int16 is clipped to full scale, so that
    16-bit files at 16 kHz come back bit for bit. Unusable if the file cannot be read or ends early, holds no sample,
    only zeros or one that is not finite, or has a length that `fit` refuses.
    """
    audio, rate, frames = _read(path, samples / SAMPLE_RATE + MARGIN)
    if not len(audio):
        raise Unusable("empty", "holds no samples")
    if not np.isfinite(audio).all():
        raise Unusable("not finite", "holds samples that are NaN or infinite")
    mono = audio.mean(axis=1) if audio.shape[1] > 1 else audio[:, 0]
    heard = _resample(mono, rate)[: samples + 1]
    heard *= 32768
    heard = np.clip(np.rint(heard, out=heard), -32768, 32767, out=heard).astype(np.int16)
    if not heard.any():
        raise Unusable("silent", "all samples are zero")
    return Recording(fitted(heard, samples, fit), path.stat().st_size, frames / rate, rate, audio.shape[1])


def fitted(audio: np.ndarray, samples: int, fit: str) -> np.ndarray:
    """Brings a clip to a length: the first `samples`, and for shorter ones what `prepare` says of `fit`."""
    if len(audio) > samples and fit == "exact":
        raise Unusable("wrong length", f"longer than {samples / SAMPLE_RATE:g} s, which --fit exact refuses")
    if len(audio) < samples:
        if fit == "repeat":
            return np.resize(audio, samples)
        if fit == "pad":
            return np.pad(audio, (0, samples - len(audio)))
        wanted = f"shorter than the {samples / SAMPLE_RATE:g} s asked for; see --seconds and --fit"
        raise Unusable("wrong length", f"{len(audio) / SAMPLE_RATE:g} s, {wanted}")
    return audio[:samples]


def ordered_map(function: Callable[[Item], Made], items: Iterable[Item], threads: int = THREADS) -> Iterator[Made]:
    """Yields function(item) in the order of the items; works ahead by no more than four items a thread."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        pending: collections.deque[concurrent.futures.Future[Made]] = collections.deque()
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


def _read(path: pathlib.Path, seconds: float) -> tuple[np.ndarray, int, int]:
    """Returns float32[frames, channels] of a file's first `seconds`, the sample rate, and the frames of the whole."""
    try:
        with soundfile.SoundFile(path) as file:
            rate, frames = file.samplerate, min(file.frames, math.ceil(seconds * file.samplerate))
            audio = file.read(out=_memory(frames, file.channels))
            check_end(path, file)
            whole = file.frames
    except (OSError, soundfile.LibsndfileError) as error:
        raise Unusable("unreadable", str(getattr(error, "error_string", None) or error).strip()) from error
    if len(audio) < frames:
        raise Unusable(*CUT)
    return audio, rate, whole


def check_end(path: pathlib.Path, file: soundfile.SoundFile) -> None:
    """Raises Unusable if the open file's header or last page tells that the end is missing."""
    if _missing_bytes(file.extra_info) or (file.format == "OGG" and not _ends_with_last_page(path)):
        raise Unusable(*CUT)


def _memory(frames: int, channels: int) -> np.ndarray:
    """float32[frames, channels], the same memory in each call of a thread: fresh memory costs as much as decoding."""
    memory = getattr(_thread, "memory", None)
    if memory is None or memory.size < frames * channels:
        memory = _thread.memory = np.empty(frames * channels, np.float32)
    return memory[: frames * channels].reshape(frames, channels)


def _missing_bytes(log: str) -> int:
    """Bytes that a WAV header promises beyond the end of its file; libsndfile reads on silently but logs both sizes."""
    sizes = re.search(r"^data : (\d+) \(should be (\d+)\)", log, re.MULTILINE)
    if not sizes or int(sizes[1]) == UNKNOWN_LENGTH:
        return 0
    return max(0, int(sizes[1]) - int(sizes[2]))


def _ends_with_last_page(path: pathlib.Path) -> bool:
    """Whether an Ogg file's last page says that it is the last one, and is whole (RFC 3533, section 6)."""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - LAST_PAGE))
        tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < 27 or not page[5] & 4:
        return False
    segments = page[26]
    return len(page) >= 27 + segments + sum(page[27 : 27 + segments])


def _resample(audio: np.ndarray, rate: int) -> np.ndarray:
    """To 16 kHz with soxr's HQ filter, ceil(frames * 16000 / rate) samples long as librosa has it."""
    if rate == SAMPLE_RATE:
        return audio
    samples = -(-len(audio) * SAMPLE_RATE // rate)
    resampled = soxr.resample(audio, rate, SAMPLE_RATE, quality="HQ")[:samples]
    return np.pad(resampled, (0, samples - len(resampled)))

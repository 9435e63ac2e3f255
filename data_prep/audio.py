"""Files of sound -> int16 samples at 16 kHz, mono, checked."""

import collections
import concurrent.futures
import math
import os
import pathlib
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np
import soxr

from data_prep.dataset import SAMPLE_RATE, Recording
from data_prep.faults import Unusable
from data_prep.samples import Channels, check, check_length, has_signal, to_int16
from data_prep.sound import opened

MARGIN = 1.0  # seconds read beyond those kept, so that the resampler's filter sees what librosa's sees
THREADS = min(8, (os.cpu_count() or 1) + 1)  # one more than cores: one waits for the interpreter at any time

Item = TypeVar("Item")
Made = TypeVar("Made")
_thread = threading.local()


def decode(path: pathlib.Path, samples: int, fit: str) -> Recording:
    """Decodes a file as `librosa.load(path, sr=16000, mono=True)` does, to int16[samples] as `fit` says.

    A value x becomes round(32768 x), halves to even, and what lies outside int16 is clipped to full scale, so that
    16-bit files at 16 kHz come back bit for bit. Unusable if the file cannot be read, was cut or is damaged, if what is
    used of it is empty, silent, not finite or out of range, or if it has a length that `fit` refuses.
    """
    with opened(path) as sound:
        check_length(sound.frames, sound.rate, SAMPLE_RATE)
        frames = min(sound.frames, math.ceil((samples / SAMPLE_RATE + MARGIN) * sound.rate))
        audio = _memory(frames, sound.channels)
        read = sound.read(audio)
    if read < frames:
        raise Unusable("damaged", f"only {read:,} of its first {frames:,} samples can be decoded")
    channels = Channels(sound.channels)
    mono = check(audio).mean(axis=1) if sound.channels > 1 else check(audio)[:, 0]
    clip = to_int16(_resample(mono, sound.rate)[: samples + 1])
    channels.add(audio[: math.ceil(samples / SAMPLE_RATE * sound.rate)])
    if not has_signal(clip[:samples]):
        raise channels.silence()
    notes = (*sound.notes, *channels.notes())
    return Recording(
        fitted(clip, samples, fit), path.stat().st_size, sound.frames / sound.rate, sound.rate, sound.channels, notes
    )


def fitted(audio: np.ndarray, samples: int, fit: str) -> np.ndarray:
    """Brings a clip to a length: the first `samples`, and for shorter ones what `prepare` says of `fit`."""
    if len(audio) > samples and fit == "exact":
        raise Unusable("wrong length", f"longer than {samples / SAMPLE_RATE:g} s, which --fit exact refuses")
    if len(audio) < samples:
        if fit == "repeat":
            return np.resize(audio, samples)
        if fit == "pad":
            return np.pad(audio, (0, samples - len(audio)))
        problem = f"shorter than the {samples / SAMPLE_RATE:g} s asked for; see --seconds and --fit"
        raise Unusable("wrong length", f"{len(audio) / SAMPLE_RATE:g} s, {problem}")
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


def _memory(frames: int, channels: int) -> np.ndarray:
    """float32[frames, channels], the same memory in each call of a thread: fresh memory costs as much as decoding."""
    memory = getattr(_thread, "memory", None)
    if memory is None or memory.size < frames * channels:
        memory = _thread.memory = np.empty(frames * channels, np.float32)
    return memory[: frames * channels].reshape(frames, channels)


def _resample(audio: np.ndarray, rate: int) -> np.ndarray:
    """To 16 kHz with soxr's HQ filter, ceil(frames * 16000 / rate) samples long as librosa has it."""
    if rate == SAMPLE_RATE:
        return audio
    samples = -(-len(audio) * SAMPLE_RATE // rate)
    resampled = soxr.resample(audio, rate, SAMPLE_RATE, quality="HQ")[:samples]
    return np.pad(resampled, (0, samples - len(resampled)))

"""Recordings of any length, and streams without an end -> 16 kHz mono, block by block.

Recordings are checked as `decode` checks clips.
"""

import pathlib
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import soxr

from data_prep.containers import MAGIC
from data_prep.dataset import SAMPLE_RATE
from data_prep.faults import Unusable
from data_prep.ffmpeg import Track
from data_prep.samples import Channels, check, check_length
from data_prep.sound import Sound, opened

BLOCK = 10  # seconds
BYTES = 2**16  # read of a raw stream at most at once, which is what a pipe holds


def stream(path: pathlib.Path, note: Callable[[str], None] = lambda text: None) -> Iterator[np.ndarray]:
    """Blocks of float32 samples that joined are what `librosa.load(path, sr=16000, mono=True)` gives.

    `note` is called with what is odd about the file. Unusable if it cannot be read, was cut or is damaged, is empty, or
    where a sample is not finite or out of range.
    """
    with opened(path) as sound:
        for text in sound.notes:
            note(text)
        yield from _resampled(_mono(sound, note), sound.rate)


def raw_stream(read: Callable[[int], bytes], rate: int, channels: int) -> Iterator[np.ndarray]:
    """Blocks of float32 samples at 16 kHz, of raw PCM: signed, 16 bits, little-endian, its channels interleaved.

    read(count) gives at most so many bytes, and none at the end, where a frame that is cut is left out. Unusable if the
    stream is empty or begins as a file of sound does.
    """
    return _resampled(_mono_of_raw(read, channels), rate)


def _mono_of_raw(read: Callable[[int], bytes], channels: int) -> Iterator[np.ndarray]:
    rest = read(BYTES)
    if not rest:
        raise Unusable("empty", "the stream holds no samples")
    if rest[:4] in MAGIC:
        raise Unusable("not raw", "the stream begins as a file of sound does; decode it, such as with ffmpeg -f s16le")
    while rest:
        frames = len(rest) // (2 * channels)
        audio = np.frombuffer(rest, "<i2", frames * channels).reshape(frames, channels)
        yield (audio / np.float32(32768)).mean(axis=1)
        more = read(BYTES)
        rest = rest[2 * audio.size :] + more if more else b""


def _resampled(mono: Iterable[np.ndarray], rate: int) -> Iterator[np.ndarray]:
    if rate == SAMPLE_RATE:
        yield from mono
        return
    resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    for block in mono:
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def _mono(sound: Sound | Track, note: Callable[[str], None]) -> Iterator[np.ndarray]:
    check_length(sound.frames, sound.rate, SAMPLE_RATE)
    memory, channels = np.empty((BLOCK * sound.rate, sound.channels), np.float32), Channels(sound.channels)
    read, signal = 0, False
    while read < sound.frames:
        audio = memory[: sound.read(memory[: sound.frames - read])]
        read += len(audio)
        if not len(audio):
            raise Unusable("damaged", f"only {read:,} of its {sound.frames:,} samples can be decoded")
        channels.add(check(audio))
        mono = audio.mean(axis=1)
        signal = signal or bool(np.ptp(mono) >= 2 / 32768)
        yield mono
    if not signal:
        raise channels.silence()
    for text in channels.notes():
        note(text)

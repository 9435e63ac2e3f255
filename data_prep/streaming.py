"""Recordings of any length -> 16 kHz mono, block by block, checked as `decode` checks clips."""

import pathlib
from collections.abc import Callable, Iterator

import numpy as np
import soxr

from data_prep.dataset import SAMPLE_RATE
from data_prep.faults import Unusable
from data_prep.ffmpeg import Track
from data_prep.samples import Channels, check, check_length
from data_prep.sound import Sound, opened

BLOCK = 10  # seconds


def stream(path: pathlib.Path, note: Callable[[str], None] = lambda text: None) -> Iterator[np.ndarray]:
    """Blocks of float32 samples that joined are what `librosa.load(path, sr=16000, mono=True)` gives.

    `note` is called with what is odd about the file. Unusable if it cannot be read, was cut or is damaged, is empty, or
    where a sample is not finite or out of range.
    """
    with opened(path) as sound:
        for text in sound.notes:
            note(text)
        yield from _resampled(sound, note)


def _resampled(sound: Sound | Track, note: Callable[[str], None]) -> Iterator[np.ndarray]:
    check_length(sound.frames, sound.rate, SAMPLE_RATE)
    resampler = soxr.ResampleStream(sound.rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
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
        yield mono if sound.rate == SAMPLE_RATE else resampler.resample_chunk(mono, last=read >= sound.frames)
    if not signal:
        raise channels.silence()
    for text in channels.notes():
        note(text)

"""Recordings of any length -> 16 kHz mono, block by block, checked as `decode` checks clips."""

import pathlib
import stat
from collections.abc import Iterator

import numpy as np
import soundfile
import soxr

from data_prep.audio import CUT, check_end
from data_prep.dataset import SAMPLE_RATE
from data_prep.faults import Unusable

BLOCK = 10  # seconds


def stream(path: pathlib.Path) -> Iterator[np.ndarray]:
    """Blocks of float32 samples that joined are what `librosa.load(path, sr=16000, mono=True)` gives.

    Unusable if the file cannot be read, ends early or holds no sample, where one is not finite, or if all were zero.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise Unusable("missing", "there is no such file") from error
    if not stat.S_ISREG(mode):
        raise Unusable("unreadable", "is not a file")
    try:
        with soundfile.SoundFile(path) as file:
            check_end(path, file)
            yield from _resampled(file)
    except (OSError, soundfile.LibsndfileError) as error:
        raise Unusable("unreadable", str(getattr(error, "error_string", None) or error).strip()) from error


def _resampled(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    if not file.frames:
        raise Unusable("empty", "holds no samples")
    resampler = soxr.ResampleStream(file.samplerate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    read, heard = 0, False
    while read < file.frames:
        audio = file.read(BLOCK * file.samplerate, dtype="float32", always_2d=True)
        read += len(audio)
        if not len(audio):
            raise Unusable(*CUT)
        if not np.isfinite(audio).all():
            raise Unusable("not finite", "holds samples that are NaN or infinite")
        mono = audio.mean(axis=1) if audio.shape[1] > 1 else audio[:, 0]
        heard = heard or mono.any()
        if file.samplerate == SAMPLE_RATE:
            yield mono
        else:
            yield resampler.resample_chunk(mono, last=read >= file.frames)
    if not heard:
        raise Unusable("silent", "all samples are zero")

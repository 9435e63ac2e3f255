"""Copies are found whatever was done to them, and strangers are not."""

import io
import itertools

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, lfilter

from asc_jax.data.duplicates import near_duplicates
from data_prep.measures import fingerprint

RATE = 16_000


def recordings(count, seconds=6, seed=0):
    """Noise whose bands come and go on their own, float [count, N]."""
    rng = np.random.default_rng(seed)
    audio = np.zeros((count, seconds * RATE))
    for low, high in itertools.pairwise((100, 400, 900, 1800, 3500, 7000)):
        b, a = butter(2, [low / 8000, high / 8000], "band")
        slow = np.repeat(rng.uniform(0.2, 1, (count, 4 * seconds)), RATE // 4, axis=1)
        audio += lfilter(b, a, rng.normal(0, 1, audio.shape)) * slow
    return 0.1 * audio


def fingerprints(audio):
    return np.stack([fingerprint(np.rint(32767 * each.clip(-1, 1)).astype(np.int16)) for each in audio])


def compressed(audio, kind):
    file = io.BytesIO()
    soundfile.write(file, audio, RATE, format=kind)
    file.seek(0)
    return np.resize(soundfile.read(file)[0], len(audio))


COPIES = {
    "quieter": lambda audio: 0.2 * audio,
    "filtered": lambda audio: lfilter([1, -0.7], 1, audio),
    "mp3": lambda audio: compressed(audio, "MP3"),
    "ogg": lambda audio: compressed(audio, "OGG"),
    "noisier": lambda audio: audio + np.random.default_rng(1).normal(0, 0.1 * audio.std(), audio.shape),
    "later": lambda audio: np.roll(audio, -RATE - 200),
    "half of it": lambda audio: np.concatenate([audio[3 * RATE :], recordings(1, 3, 5)[0]]),
}


@pytest.mark.parametrize("change", COPIES)
def test_copies_are_found(change):
    originals = recordings(12)
    copies = np.stack([COPIES[change](audio) for audio in originals[:6]])
    queries = np.concatenate([copies, recordings(6, seed=9)])
    found = near_duplicates(fingerprints(queries), fingerprints(originals))
    assert found[:6].sum() >= 4
    assert not found[6:].any()


def test_strangers_and_silence_are_not_found():
    known = np.concatenate([recordings(40), np.zeros((3, 6 * RATE))])
    queries = np.concatenate([recordings(40, seed=1), np.zeros((2, 6 * RATE))])
    assert not near_duplicates(fingerprints(queries), fingerprints(known)).any()


def test_many_equal_clips_are_found_and_short_ones_tell_nothing():
    same = np.repeat(fingerprints(recordings(1)), 300, axis=0)
    assert near_duplicates(same[:4], same).all()
    short = fingerprints(recordings(2, seconds=1)[:, :8000])
    assert not near_duplicates(short, short).any()

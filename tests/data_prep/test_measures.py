"""Statistics and fingerprints of clips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from data_prep.measures import fingerprint, statistics


def test_statistics_of_a_sine():
    audio = np.rint(16384 * np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)).astype(np.int16)
    known = statistics(audio)
    assert known["peak_db"] == pytest.approx(-6.02, abs=0.01)
    assert known["rms_db"] == pytest.approx(-9.03, abs=0.01)
    assert (known["silent"], known["clipped"]) == (0, 0)


def test_silence_and_full_scale_are_counted():
    audio = np.ones(20 * 512, np.int16)
    audio[: 5 * 512] = 1000
    audio[:8], audio[8:10] = 32767, -32768
    assert statistics(audio)["silent"] == 0.75
    assert statistics(audio)["clipped"] == pytest.approx(10 / 10240, abs=1e-6)


@given(arrays.arrays(np.int16, st.integers(512, 20_000)))
def test_any_clip_can_be_measured(audio):
    assert all(np.isfinite(value) for value in statistics(audio).values())
    words = fingerprint(audio)
    assert words.dtype == np.uint16 and words.shape == (max(0, len(audio) // 512 - 16),)


def test_a_fingerprint_does_not_depend_on_gain_and_tells_nothing_of_silence():
    audio = np.random.default_rng(0).normal(0, 3000, 32_000).astype(np.int16)
    words = fingerprint(audio)
    wrong = np.bitwise_count(words ^ fingerprint(audio // 4)).mean() / 16
    assert wrong < 0.01
    assert (words != 0).mean() > 0.99
    assert not fingerprint(np.zeros(32_000, np.int16)).any()


def test_a_fingerprint_moves_with_the_sound():
    audio = np.random.default_rng(0).normal(0, 3000, 32_000).astype(np.int16)
    np.testing.assert_array_equal(fingerprint(audio[5 * 512 :]), fingerprint(audio)[5:])


def test_bits_are_those_of_the_plain_formula():
    """Energies of the 17 bands in 8 overlapping frames, their logarithms' differences over bands and over time."""
    audio = np.random.default_rng(1).normal(0, 3000, 12_000).astype(np.int16)
    mel = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 18)
    edges = [round(700 * (10 ** (m / 2595) - 1) / 15.625) for m in mel]
    frames = [audio[start : start + 1024] * np.hanning(1024) for start in range(0, len(audio) - 1023, 512)]
    power = [np.abs(np.fft.rfft(frame)) ** 2 for frame in frames]
    energy = [[sum(each[low:high]) for low, high in zip(edges, [*edges[1:17], 513], strict=False)] for each in power]
    level = [np.log(np.sum(energy[t : t + 8], axis=0) + 1) for t in range(len(energy) - 7)]
    for t, word in enumerate(fingerprint(audio)):
        later, now = level[t + 8], level[t]
        bits = [later[b + 1] - later[b] > now[b + 1] - now[b] for b in range(16)]
        assert word == sum(bit << (15 - b) for b, bit in enumerate(bits))

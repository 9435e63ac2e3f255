"""Decoding agrees with librosa, and every damaged file is named."""

import pathlib
import threading

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from data_prep import PrepareError
from data_prep.audio import decode, exactly, ordered_map, repeated

# The oracle, librosa.load, imports audioread, which imports modules that Python 3.13 drops.
pytestmark = pytest.mark.filterwarnings("ignore:'(aifc|audioop|sunau)' is deprecated:DeprecationWarning")


def noise(seconds, rate, channels=1, seed=0):
    return np.random.default_rng(seed).normal(0, 0.2, (round(seconds * rate), channels)).clip(-1, 1)


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("rate", [16000, 44100, 48000, 8000, 22050])
@pytest.mark.parametrize(
    ("suffix", "subtype"), [("wav", "PCM_16"), ("wav", "PCM_24"), ("wav", "FLOAT"), ("flac", "PCM_16")]
)
def test_decodes_as_librosa_does(tmp_path, suffix, subtype, rate, channels):
    path = tmp_path / f"clip.{suffix}"
    soundfile.write(path, noise(0.31, rate, channels), rate, subtype=subtype)
    expected, _ = librosa.load(path, sr=16000, mono=True)
    samples = decode(path, "clip", 16000)
    assert samples.dtype == np.int16
    np.testing.assert_array_equal(samples, np.clip(np.rint(expected * 32768), -32768, 32767))


@pytest.mark.parametrize("suffix", ["ogg", "mp3"])
def test_decodes_compressed_files_as_librosa_does(tmp_path, suffix):
    path = tmp_path / f"clip.{suffix}"
    soundfile.write(path, noise(1.0, 44100), 44100)
    expected, _ = librosa.load(path, sr=16000, mono=True)
    np.testing.assert_array_equal(decode(path, "clip", 16000), np.rint(expected * 32768)[:16000])


@pytest.mark.parametrize("rate", [44100, 48000, 8000])
def test_the_beginning_of_a_long_file_is_that_of_the_whole(tmp_path, rate):
    soundfile.write(tmp_path / "long.wav", noise(5.0, rate), rate)
    whole = decode(tmp_path / "long.wav", "long", 5 * 16000)
    np.testing.assert_array_equal(decode(tmp_path / "long.wav", "long", 16000), whole[:16000])


@given(values=st.lists(st.integers(-32768, 32767), min_size=1, max_size=50))
def test_sixteen_bit_samples_come_back_exactly(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("exact") / "clip.wav"
    soundfile.write(path, np.array(values, np.int16), 16000)
    assert decode(path, "clip", 16000).tolist() == values


def test_rounds_halves_to_even_and_clips_at_full_scale(tmp_path):
    values = [0.5, 1.5, -0.5, 2.5, 3 * 32768, -3 * 32768]
    soundfile.write(tmp_path / "loud.wav", np.array(values) / 32768, 16000, subtype="FLOAT")
    assert decode(tmp_path / "loud.wav", "loud", 100).tolist() == [0, 2, 0, 2, 32767, -32768]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_names_a_file_with_samples_that_are_not_finite(tmp_path, bad):
    audio = noise(0.1, 16000)
    audio[7] = bad
    soundfile.write(tmp_path / "bad.wav", audio, 16000, subtype="FLOAT")
    with pytest.raises(PrepareError, match="^my/bad.wav: .*not finite"):
        decode(tmp_path / "bad.wav", "my/bad.wav", 16000)


@pytest.mark.parametrize("kept", [0.5, 0.99])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_names_a_truncated_wav(tmp_path, subtype, kept):
    soundfile.write(tmp_path / "cut.wav", noise(1.0, 44100), 44100, subtype=subtype)
    shorten(tmp_path / "cut.wav", kept)
    with pytest.raises(PrepareError, match="^cut.wav: truncated"):
        decode(tmp_path / "cut.wav", "cut.wav", 1600)


@pytest.mark.parametrize("suffix", ["flac", "mp3"])
def test_names_a_truncated_compressed_file(tmp_path, suffix):
    path = tmp_path / f"cut.{suffix}"
    soundfile.write(path, noise(2.0, 44100), 44100)
    shorten(path, 0.5)
    with pytest.raises(PrepareError, match=rf"^cut.{suffix}: (truncated|cannot be decoded)"):
        decode(path, path.name, 10 * 16000)


def test_accepts_a_wav_that_was_written_to_a_pipe(tmp_path):
    """Its header gives the length as 2^32 - 1: unknown."""
    soundfile.write(tmp_path / "piped.wav", noise(0.5, 16000), 16000)
    content = bytearray((tmp_path / "piped.wav").read_bytes())
    start = content.index(b"data")
    content[start + 4 : start + 8] = content[4:8] = b"\xff" * 4
    (tmp_path / "piped.wav").write_bytes(content)
    assert len(decode(tmp_path / "piped.wav", "piped", 16000)) == 8000


@pytest.mark.parametrize(("content", "reason"), [(b"", "cannot be decoded"), (b"no sound at all", "cannot be decoded")])
def test_names_a_file_without_sound(tmp_path, content, reason):
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(PrepareError, match=f"^x.wav: {reason}"):
        decode(tmp_path / "x.wav", "x.wav", 16000)


def test_names_a_file_of_no_samples(tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 16000)
    with pytest.raises(PrepareError, match="^none.wav: holds no samples"):
        decode(tmp_path / "none.wav", "none.wav", 16000)


def test_fits_clips_to_a_length():
    audio = np.arange(5, dtype=np.int16)
    assert exactly(audio, 3, "x").tolist() == [0, 1, 2]
    assert repeated(audio, 3, "x").tolist() == [0, 1, 2]
    assert repeated(audio, 12, "x").tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]
    with pytest.raises(PrepareError, match="^x: .* s long, .* are needed"):
        exactly(audio, 6, "x")


def test_ordered_map_keeps_order_and_works_ahead_boundedly():
    taken = []

    def items():
        for i in range(100):
            taken.append(i)
            yield i

    results = ordered_map(lambda i: 2 * i, items(), threads=2)
    assert next(results) == 0
    assert len(taken) <= 9
    assert list(results) == list(range(2, 200, 2))


def test_ordered_map_stops_at_the_first_error():
    done, release = [], threading.Event()

    def work(i):
        if i == 3:
            release.set()
            raise PrepareError("item 3")
        release.wait(1)
        done.append(i)

    with pytest.raises(PrepareError, match="item 3"):
        list(ordered_map(work, range(1000), threads=4))
    assert len(done) < 50


def shorten(path: pathlib.Path, kept: float):
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])

"""Decoding agrees with librosa, and every damaged file is named."""

import concurrent.futures
import pathlib
import threading

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from data_prep.audio import decode, fitted, ordered_map
from data_prep.faults import Unusable

# The oracle, librosa.load, imports audioread, which imports modules that Python 3.13 drops.
pytestmark = pytest.mark.filterwarnings("ignore:'(aifc|audioop|sunau)' is deprecated:DeprecationWarning")


def noise(seconds, rate, channels=1, seed=0):
    return np.random.default_rng(seed).normal(0, 0.2, (round(seconds * rate), channels)).clip(-1, 1)


def samples_of(path, seconds=0.0, fit="repeat"):
    """The decoded clip; by default of the recording's own length."""
    if not seconds:
        info = soundfile.info(path)
        seconds = -(-info.frames * 16000 // info.samplerate) / 16000
    return decode(path, round(seconds * 16000), fit).audio


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("rate", [16000, 44100, 48000, 8000, 22050])
@pytest.mark.parametrize(
    ("suffix", "subtype"), [("wav", "PCM_16"), ("wav", "PCM_24"), ("wav", "FLOAT"), ("flac", "PCM_16")]
)
def test_decodes_as_librosa_does(tmp_path, suffix, subtype, rate, channels):
    path = tmp_path / f"clip.{suffix}"
    soundfile.write(path, noise(0.31, rate, channels), rate, subtype=subtype)
    expected, _ = librosa.load(path, sr=16000, mono=True)
    samples = samples_of(path)
    assert samples.dtype == np.int16
    np.testing.assert_array_equal(samples, np.clip(np.rint(expected * 32768), -32768, 32767))


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [("wav", "PCM_U8"), ("wav", "PCM_32"), ("wav", "DOUBLE"), ("flac", "PCM_S8"), ("flac", "PCM_24")],
)
def test_decodes_every_depth_as_librosa_does(tmp_path, suffix, subtype):
    path = tmp_path / f"clip.{suffix}"
    soundfile.write(path, noise(0.2, 11025, 2), 11025, subtype=subtype)
    expected, _ = librosa.load(path, sr=16000, mono=True)
    np.testing.assert_array_equal(samples_of(path), np.clip(np.rint(expected * 32768), -32768, 32767))


@pytest.mark.parametrize("suffix", ["ogg", "mp3"])
def test_decodes_compressed_files_as_librosa_does(tmp_path, suffix):
    path = tmp_path / f"clip.{suffix}"
    soundfile.write(path, noise(1.0, 44100), 44100)
    expected, _ = librosa.load(path, sr=16000, mono=True)
    np.testing.assert_array_equal(samples_of(path, 1.0), np.rint(expected * 32768)[:16000])


def test_tells_what_the_file_was(tmp_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, noise(2.5, 44100, 2), 44100)
    recording = decode(path, 16000, "start")
    known = (recording.seconds, recording.rate, recording.channels, recording.bytes)
    assert known == (2.5, 44100, 2, path.stat().st_size)


@pytest.mark.parametrize("rate", [44100, 48000, 8000])
def test_the_beginning_of_a_long_file_is_that_of_the_whole(tmp_path, rate):
    soundfile.write(tmp_path / "long.wav", noise(5.0, rate), rate)
    whole = samples_of(tmp_path / "long.wav")
    np.testing.assert_array_equal(samples_of(tmp_path / "long.wav", 1.0), whole[:16000])


@given(
    values=st.lists(st.integers(-32768, 32767), min_size=1, max_size=50).filter(lambda values: np.std(values) >= 1.01)
)
def test_sixteen_bit_samples_come_back_exactly(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("exact") / "clip.wav"
    soundfile.write(path, np.array(values, np.int16), 16000)
    assert samples_of(path).tolist() == values


def test_a_clip_does_not_change_when_the_next_is_decoded(tmp_path):
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", noise(0.1, 16000, seed=ord(name)), 16000)
    first = samples_of(tmp_path / "a.wav")
    kept = first.copy()
    samples_of(tmp_path / "b.wav")
    np.testing.assert_array_equal(first, kept)


def test_rounds_halves_to_even_and_clips_at_full_scale(tmp_path):
    values = [0.5, 1.5, -0.5, 2.5, 3 * 32768, -3 * 32768]
    soundfile.write(tmp_path / "loud.wav", np.array(values) / 32768, 16000, subtype="FLOAT")
    assert samples_of(tmp_path / "loud.wav").tolist() == [0, 2, 0, 2, 32767, -32768]


def reason_of(path, seconds=1.0, fit="start"):
    with pytest.raises(Unusable) as error:
        decode(path, round(seconds * 16000), fit)
    assert "\n" not in error.value.detail
    return error.value.reason


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_refuses_samples_that_are_not_finite(tmp_path, bad):
    audio = noise(0.1, 16000)
    audio[7] = bad
    soundfile.write(tmp_path / "bad.wav", audio, 16000, subtype="FLOAT")
    assert reason_of(tmp_path / "bad.wav") == "not finite"


@pytest.mark.parametrize("audio", [np.zeros((1600, 1)), np.array([[0.3, -0.3]] * 1600), np.full((1600, 1), 1e-6)])
def test_refuses_silence(tmp_path, audio):
    soundfile.write(tmp_path / "silent.wav", audio, 16000, subtype="FLOAT")
    assert reason_of(tmp_path / "silent.wav") == "silent"


@pytest.mark.parametrize("kept", [0.5, 0.99])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_refuses_a_truncated_wav(tmp_path, subtype, kept):
    soundfile.write(tmp_path / "cut.wav", noise(1.0, 44100), 44100, subtype=subtype)
    shorten(tmp_path / "cut.wav", kept)
    assert reason_of(tmp_path / "cut.wav", 0.1) == "truncated"


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.9, 0.999])
def test_refuses_a_truncated_ogg(tmp_path, kept):
    soundfile.write(tmp_path / "cut.ogg", noise(2.0, 44100), 44100)
    assert len(samples_of(tmp_path / "cut.ogg", 2.0)) == 32000
    shorten(tmp_path / "cut.ogg", kept)
    assert reason_of(tmp_path / "cut.ogg", 0.1) == "truncated"


@pytest.mark.parametrize("suffix", ["flac", "mp3"])
def test_refuses_a_truncated_compressed_file(tmp_path, suffix):
    path = tmp_path / f"cut.{suffix}"
    soundfile.write(path, noise(2.0, 44100), 44100)
    shorten(path, 0.5)
    assert reason_of(path, 0.1) == "truncated"


def test_accepts_a_wav_that_was_written_to_a_pipe(tmp_path):
    """Its header gives the length as 2^32 - 1: unknown."""
    soundfile.write(tmp_path / "piped.wav", noise(0.5, 16000), 16000)
    content = bytearray((tmp_path / "piped.wav").read_bytes())
    start = content.index(b"data")
    content[start + 4 : start + 8] = content[4:8] = b"\xff" * 4
    (tmp_path / "piped.wav").write_bytes(content)
    assert len(samples_of(tmp_path / "piped.wav", 0.5, "exact")) == 8000


@pytest.mark.parametrize(("content", "reason"), [(b"", "empty"), (b"no sound at all", "unreadable")])
def test_refuses_a_file_without_sound(tmp_path, content, reason):
    (tmp_path / "x.wav").write_bytes(content)
    assert reason_of(tmp_path / "x.wav") == reason


def test_refuses_a_file_of_no_samples(tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 16000)
    assert reason_of(tmp_path / "none.wav") == "empty"


def test_fits_clips_to_a_length():
    audio = np.arange(1, 6, dtype=np.int16)
    for fit in ("start", "repeat", "pad"):
        assert fitted(audio, 3, fit).tolist() == [1, 2, 3]
        assert fitted(audio, 5, fit).tolist() == [1, 2, 3, 4, 5]
    assert fitted(audio, 5, "exact").tolist() == [1, 2, 3, 4, 5]
    assert fitted(audio, 12, "repeat").tolist() == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2]
    assert fitted(audio, 7, "pad").tolist() == [1, 2, 3, 4, 5, 0, 0]
    for samples, fit in ((6, "start"), (6, "exact"), (4, "exact")):
        with pytest.raises(Unusable, match="wrong length"):
            fitted(audio, samples, fit)


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
            raise Unusable("bad", "item 3")
        release.wait(1)
        done.append(i)

    with pytest.raises(Unusable, match="item 3"):
        list(ordered_map(work, range(1000), threads=4))
    assert len(done) < 50


def shorten(path: pathlib.Path, kept: float):
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])


def test_a_file_without_samples_may_be_the_first_of_a_thread(tmp_path):
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    with concurrent.futures.ThreadPoolExecutor(1) as fresh, pytest.raises(Unusable, match="holds no samples"):
        fresh.submit(decode, tmp_path / "empty.wav", 100, "start").result()

import io

import librosa
import numpy as np
import pytest
import soundfile
from test_hostile import BAD, GOOD, noise, write

from data_prep.faults import Unusable
from data_prep.streaming import raw_stream, stream

OF_LISTS = ("wrong length", "outside the folder", "listed twice", "unknown scene", "contradiction")


@pytest.mark.parametrize(("rate", "seconds"), [(16_000, 25.5), (44_100, 25.5), (8_000, 3.1), (48_000, 10.0)])
def test_blocks_joined_are_what_librosa_loads(rate, seconds, tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(rate, 2, seconds), rate, subtype="FLOAT")
    blocks = list(stream(tmp_path / "a.wav"))
    mono = soundfile.read(tmp_path / "a.wav", dtype="float32")[0].mean(1)
    expected = librosa.resample(mono, orig_sr=rate, target_sr=16_000)
    assert max(len(block) for block in blocks) < 11 * 16_000
    ours = np.concatenate(blocks)
    assert abs(len(ours) - len(expected)) <= 1
    length = min(len(ours), len(expected))
    np.testing.assert_allclose(ours[:length], expected[:length], atol=1e-5)


@pytest.mark.parametrize("name", GOOD)
def test_every_ordinary_kind_is_read(name, tmp_path):
    write(tmp_path / name, **{"audio": noise(GOOD[name].get("rate", 16000))} | GOOD[name])
    assert sum(len(block) for block in stream(tmp_path / name)) >= 8_000


@pytest.mark.parametrize("name", [name for name, (reason, _) in BAD.items() if reason not in OF_LISTS])
def test_every_bad_one_says_why(name, tmp_path):
    reason, make = BAD[name]
    make(tmp_path / name)
    with pytest.raises(Unusable) as bad:
        for _ in stream(tmp_path / name):
            pass
    assert bad.value.reason == reason


def pieces(content, size):
    """read(count) of a stream that hands out so many bytes at a time."""
    file = io.BytesIO(content)
    return lambda count: file.read(min(count, size))


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (16_000, 3), (44_100, 2), (8_000, 1)])
@pytest.mark.parametrize("size", [997, 2**20])
def test_a_raw_stream_gives_what_a_file_of_its_samples_gives(rate, channels, size, tmp_path):
    audio = (noise(rate, channels, 1.5) * 32767).astype("<i2")
    soundfile.write(tmp_path / "a.wav", audio, rate)
    blocks = raw_stream(pieces(audio.tobytes() + b"\1", size), rate, channels)  # half a sample more
    np.testing.assert_array_equal(np.concatenate(list(blocks)), np.concatenate(list(stream(tmp_path / "a.wav"))))


def test_a_raw_stream_is_resampled_as_it_comes():
    blocks = raw_stream(pieces(noise(48_000, 1, 2).astype("<i2").tobytes(), 9_600), 48_000, 1)
    lengths = np.cumsum([len(block) for block in blocks])
    assert np.all(lengths[:-1] >= np.arange(1, 21) * 1_600 - 800) and lengths[-1] == 32_000


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "empty"), (b"RIFF\x24\0\0\0WAVE", "not raw"), (b"fLaC\0\0\0\x22", "not raw")]
)
def test_what_is_no_raw_stream_is_refused(content, reason):
    with pytest.raises(Unusable) as bad:
        list(raw_stream(pieces(content, 100), 16_000, 1))
    assert bad.value.reason == reason

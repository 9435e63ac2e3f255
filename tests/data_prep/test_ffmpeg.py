"""Recordings of phones and cameras: what PyAV has encoded is decoded in full and in time, or refused in one line."""

import importlib

import numpy as np
import pytest
import soundfile
from extras import needs

from data_prep import PrepareError, ffmpeg, prepare
from data_prep.audio import decode
from data_prep.containers import layout_of
from data_prep.faults import Unusable
from data_prep.streaming import stream

RATE = 44_100
# ending -> codec, samples of a frame, and by how many samples the sound is late: of an encoder's delay that the file
# does not mention; FFmpeg takes WMA to have a frame more of it than its own encoder has
KINDS = {
    **dict.fromkeys(("m4a", "mp4", "mov", "mka"), ("aac", 1024, 0)),
    "mkv": ("ac3", 1536, 0),
    **dict.fromkeys(("avi", "mts"), ("ac3", 1536, 256)),
    "aac": ("aac", 1024, 1024),
    "wma": ("wmav2", 2048, -2048),
}
FORMATS = {"m4a": "ipod", "aac": "adts", "wma": "asf", "mka": "matroska", "mts": "mpegts"}


def with_pyav(test):
    """Marks a test that encodes."""
    for mark in needs("av", "av"):
        test = mark(test)
    return test


def sweep(seconds, channels=1):
    """A tone that rises, in noise: float32 [samples, channels]."""
    t = np.arange(round(seconds * RATE))[:, None] / RATE
    noise = np.random.default_rng(0).normal(0, 0.02, (len(t), channels))
    return (0.3 * np.sin(2 * np.pi * (200 + 400 * t / seconds) * t) + noise).astype(np.float32)


def encode(path, audio, codec="aac", picture=False, **options):
    """Writes audio [samples, channels] with PyAV, none if there are no samples, and a second of black pictures."""
    av = importlib.import_module("av")
    with av.open(str(path), "w", format=FORMATS.get(path.suffix[1:]), options=options) as container:
        tracks = []
        if picture:
            black = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            tracks.append(
                (container.add_stream("mpeg4", rate=10, width=32, height=32, pix_fmt="yuv420p"), [black] * 10)
            )
        if len(audio):
            layout = "mono" if audio.shape[1] == 1 else "stereo"
            sound = container.add_stream(codec, rate=RATE, layout=layout)
            sound.bit_rate = 128_000
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(audio.T), format="fltp", layout=layout)
            frame.sample_rate, frame.pts = RATE, 0
            tracks.append((sound, [frame]))
        for track, frames in tracks:
            for frame in (*frames, None):
                for packet in track.encode(frame):
                    container.mux(packet)


def joined(path):
    return np.concatenate(list(stream(path)))


@pytest.mark.parametrize("seconds", [3.0, 2.345])
@pytest.mark.parametrize("ending", KINDS)
@with_pyav
def test_length_and_time_are_those_of_what_was_encoded(tmp_path, ending, seconds):
    codec, frame, late = KINDS[ending]
    audio = sweep(seconds)
    encode(tmp_path / f"clip.{ending}", audio, codec)
    soundfile.write(tmp_path / "clip.wav", audio, RATE, subtype="FLOAT")
    ours, source = joined(tmp_path / f"clip.{ending}"), joined(tmp_path / "clip.wav")
    most = 0 if ending in ("m4a", "mp4", "mov") else max(frame, abs(late)) + frame  # samples
    assert abs(len(ours) - len(source)) <= most * 16_000 / RATE
    middle = np.arange(4_000, 30_000)
    shifts = np.arange(-20, 21) + round(late * 16_000 / RATE)
    match = [np.corrcoef(ours[middle + shift], source[middle])[0, 1] for shift in shifts]
    assert abs(int(np.argmax(match)) - 20) <= 1 and max(match) > 0.99


@with_pyav
def test_clips_are_the_beginning_of_the_sound(tmp_path):
    encode(tmp_path / "clip.m4a", sweep(3.0, channels=2))
    recording = decode(tmp_path / "clip.m4a", 16_000, "start")
    assert (recording.seconds, recording.rate, recording.channels, recording.notes) == (3.0, RATE, 2, ())
    np.testing.assert_allclose(recording.audio, 32768 * joined(tmp_path / "clip.m4a")[:16_000], atol=1)


@with_pyav
def test_the_sound_of_a_video_is_read(tmp_path):
    encode(tmp_path / "video.mp4", sweep(2.0), picture=True)
    assert len(joined(tmp_path / "video.mp4")) == 32_000
    encode(tmp_path / "silent.mp4", sweep(0.0), picture=True)
    with pytest.raises(Unusable, match="holds no sound"):
        joined(tmp_path / "silent.mp4")


@pytest.mark.parametrize("ending", [each for each in KINDS if each != "mts"])  # which is made to be cut anywhere
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
@with_pyav
def test_a_file_that_was_cut_is_refused(tmp_path, ending, share):
    file = tmp_path / f"clip.{ending}"
    encode(file, sweep(30.0), KINDS[ending][0], **({"movflags": "faststart"} if ending == "mp4" else {}))
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    with pytest.raises(Unusable) as bad:
        joined(file)
    assert bad.value.reason in ("damaged", "truncated", "empty") and "\n" not in bad.value.detail


@pytest.mark.parametrize("ending", KINDS)
@with_pyav
def test_a_damaged_file_gives_one_line(tmp_path, ending):
    file = tmp_path / f"clip.{ending}"
    encode(file, sweep(3.0), KINDS[ending][0])
    content = np.frombuffer(file.read_bytes(), np.uint8).copy()
    content[np.random.default_rng(0).integers(300, len(content) - 300, 60)] ^= 0xFF
    file.write_bytes(content.tobytes())
    with pytest.raises(Unusable) as bad:
        joined(file)
    assert bad.value.reason in ("damaged", "truncated") and "\n" not in bad.value.detail


@pytest.mark.parametrize(
    ("head", "demuxer"),
    [
        (b"\0\0\0\x20ftypM4A ", "mov"),
        (b"\0\0\0\x08wide", "mov"),
        (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "asf"),
        (b"\x1a\x45\xdf\xa3", "matroska"),
        (b"RIFF\0\0\0\0AVI LIST", "avi"),
        (b"\xff\xf1\x50\x80", "aac"),
        (b"#!AMR\n", "amr"),
        (b"\0\0\x01\xba", "mpeg"),
        (b"G" + bytes(187) + b"G", "mpegts"),
    ],
)
def test_files_for_ffmpeg_are_known_by_their_first_bytes(tmp_path, head, demuxer):
    (tmp_path / "clip.wav").write_bytes(head + bytes(500))
    assert layout_of(tmp_path / "clip.wav").demuxer == demuxer


def test_without_pyav_the_files_that_it_would_read_are_counted_and_the_extra_named(tmp_path, monkeypatch):
    monkeypatch.setattr(ffmpeg, "installed", lambda: False)
    for number, scene in enumerate(("bus", "bus", "park")):
        (tmp_path / "clips" / scene).mkdir(parents=True, exist_ok=True)
        (tmp_path / "clips" / scene / f"{number}.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(500))
        audio = np.random.default_rng(number).normal(0, 0.1, 1600)
        soundfile.write(tmp_path / "clips" / scene / f"{number}.wav", audio, 16_000)
    with pytest.raises(PrepareError) as error:
        prepare("clips", str(tmp_path / "clips"), seconds=0.1, data_dir=str(tmp_path / "data"))
    lines = str(error.value).splitlines()
    assert lines[0].startswith("3 bad recordings (3 in need of the extra [av])")
    assert "bus/0.m4a: " in lines[2] and "pip install -e '.[av]'" in lines[2]

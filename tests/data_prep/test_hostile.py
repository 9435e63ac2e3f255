"""Forty bad recordings, each in its own way, among good ones of every ordinary kind."""

import json
import os

import numpy as np
import pandas
import pytest
import soundfile

from data_prep import PrepareError, prepare

SECONDS = 0.5


def noise(rate=16000, channels=1, seconds=SECONDS):
    return np.random.default_rng(rate).normal(0, 0.1, (round(rate * seconds), channels)).clip(-1, 1)


def write(path, audio=None, rate=16000, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, noise(rate) if audio is None else audio, rate, **options)


def cut(path, kept, **options):
    write(path, **options)
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else round(kept * len(content))])


def with_sample(value):
    audio = noise()
    audio[100] = value
    return {"audio": audio, "subtype": "DOUBLE"}


def damaged(path, position, content):
    write(path)
    data = bytearray(path.read_bytes())
    data[position : position + len(content)] = content
    path.write_bytes(data)


# file name -> (reason, how it is made); made by a function of the path
BAD = {
    "missing.wav": ("missing", lambda path: None),
    "gone/missing.flac": ("missing", lambda path: None),
    "dangling.wav": ("missing", lambda path: path.symlink_to("nowhere.wav")),
    "x" * 300 + ".wav": ("missing", lambda path: None),
    "null\0character.wav": ("missing", lambda path: None),
    "a folder.wav": ("unreadable", lambda path: path.mkdir()),
    "a pipe.wav": ("unreadable", os.mkfifo),
    "empty.wav": ("empty", lambda path: path.write_bytes(b"")),
    "empty.mp3": ("empty", lambda path: path.write_bytes(b"")),
    "text.wav": ("unreadable", lambda path: path.write_text("404 Not Found")),
    "page.flac": ("unreadable", lambda path: path.write_text("<html></html>")),
    "picture.wav": ("unreadable", lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))),
    "zeros.wav": ("unreadable", lambda path: path.write_bytes(bytes(5000))),
    "no header.wav": ("unreadable", lambda path: path.write_bytes(noise().astype("<f4").tobytes())),
    "four bytes.wav": ("truncated", lambda path: path.write_bytes(b"RIFF")),
    "half a header.wav": ("truncated", lambda path: cut(path, 30)),
    "lost header.flac": ("truncated", lambda path: path.write_bytes(b"fLaC")),
    "lost header.ogg": ("truncated", lambda path: cut(path, 40)),
    "unknown codec.wav": ("unreadable", lambda path: damaged(path, 20, b"\x99\x99")),
    "header only.wav": ("truncated", lambda path: cut(path, 44)),
    "half.wav": ("truncated", lambda path: cut(path, 0.5)),
    "one sample short.wav": ("truncated", lambda path: cut(path, -2)),
    "half 24 bit.WAV": ("truncated", lambda path: cut(path, 0.5, subtype="PCM_24")),
    "half float.wav": ("truncated", lambda path: cut(path, 0.5, subtype="FLOAT")),
    "half.ogg": ("truncated", lambda path: cut(path, 0.5, audio=noise(seconds=4))),
    "most.ogg": ("truncated", lambda path: cut(path, 0.95)),
    "no samples.wav": ("empty", lambda path: write(path, np.zeros(0))),
    "silent.wav": ("silent", lambda path: write(path, np.zeros(8000))),
    "silent.flac": ("silent", lambda path: write(path, np.zeros(8000))),
    "channels cancel.wav": ("silent", lambda path: write(path, noise() * [[1, -1]], subtype="FLOAT")),
    "not a number.wav": ("not finite", lambda path: write(path, **with_sample(np.nan))),
    "infinite.wav": ("not finite", lambda path: write(path, **with_sample(-np.inf))),
    "short.wav": ("wrong length", lambda path: write(path, noise(seconds=0.4))),
    "one sample.wav": ("silent", lambda path: write(path, np.full(1, 0.1))),
    "short.mp3": ("wrong length", lambda path: write(path, noise(44100, seconds=0.1), 44100)),
    "../outside.wav": ("outside the folder", lambda path: write(path)),
    "/etc/hostname": ("outside the folder", lambda path: None),
    "twice.wav": ("listed twice", lambda path: write(path)),
    "unknown scene.wav": ("unknown scene", lambda path: write(path)),
    "contradiction.wav": ("contradiction", lambda path: write(path)),
}
GOOD = {
    "plain.wav": {},
    "8 bit.wav": {"subtype": "PCM_U8"},
    "24 bit.WAV": {"subtype": "PCM_24", "rate": 44100},
    "32 bit.wav": {"subtype": "PCM_32", "rate": 48000},
    "float.wav": {"subtype": "FLOAT", "rate": 8000},
    "double.wav": {"subtype": "DOUBLE", "rate": 96000},
    "a-law.wav": {"subtype": "ALAW"},
    "extensible.wav": {"format": "WAVEX", "subtype": "PCM_24"},
    "large.wav": {"format": "RF64"},
    "Bj\u00f6rk & \u82ac/\u0444\u0430\u0439\u043b.flac": {"rate": 22050},
    "24 bit.flac": {"subtype": "PCM_24"},
    "vorbis.OGG": {"rate": 32000},
    "six channels.wav": {"audio": noise(channels=6)},
    "longer.mp3": {"audio": noise(44100, seconds=2), "rate": 44100},
    "louder.wav": {"audio": 20 * noise(), "subtype": "FLOAT"},
}


@pytest.fixture
def recordings(tmp_path):
    """The list, tab-separated with a byte-order mark and CRLF line ends."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    rows = [["filename", "scene_label", "truth"]]
    for number, (name, options) in enumerate(GOOD.items()):
        write(folder / name, **{"audio": noise(options.get("rate", 16000))} | options)
        rows.append([name, ("bus", "park")[number % 2], ""])
    for name, (reason, make) in BAD.items():
        make(folder / name)
        truth = {"unknown scene": "prak", "contradiction": "bus"}.get(reason, "")
        rows.append([name, "" if reason == "unknown scene" else "park", truth])
    rows.append(["./twice.wav", "bus", ""])
    text = "\r\n".join("\t".join(row) for row in rows) + "\r\n"
    (folder / "clips.tsv").write_bytes(text.encode("utf-8-sig"))
    return folder


def prepared(recordings, **options):
    return prepare(
        "clips", str(recordings / "clips.tsv"), seconds=SECONDS, data_dir=str(recordings / "data"), **options
    )


def test_each_is_named_with_its_reason(recordings):
    with pytest.raises(PrepareError) as error:
        prepared(recordings)
    first, *lines = str(error.value).split("\n")
    assert first.startswith("40 bad recordings (")
    reasons, reason = {}, None
    for line in lines:
        if line.startswith("    "):
            name = next(name for name in sorted(BAD, key=len, reverse=True) if line.strip().startswith(name))
            reasons[name] = reason
        else:
            reason = line.strip(" :")
    assert reasons == {name: reason for name, (reason, _) in BAD.items()}
    assert [path.name for path in (recordings / "data").rglob("*")] == ["clips", ".lock"]


def test_exactly_the_good_ones_are_left(recordings):
    folder = prepared(recordings, skip_bad=True)
    table = pandas.read_csv(folder / "clips.csv", dtype=str, keep_default_na=False)
    assert table["id"].tolist() == list(GOOD)
    left_out = json.loads((folder / "metadata.json").read_text())["left_out"]
    assert {fault["id"]: fault["reason"] for fault in left_out} == {name: reason for name, (reason, _) in BAD.items()}

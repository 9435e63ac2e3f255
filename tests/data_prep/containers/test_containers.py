"""Files whose headers are wrong or unfinished are read whole; files that were cut are refused, in every format."""

import struct

import numpy as np
import pytest
import soundfile

from data_prep.containers.mpeg import frame_of
from data_prep.containers.ogg import _checksum
from data_prep.faults import Unusable
from data_prep.sound import opened

RATE = 44_100
FORMATS = {
    "a.wav": {},
    "24.wav": {"subtype": "PCM_24"},
    "float.wav": {"subtype": "FLOAT"},
    "extensible.wav": {"format": "WAVEX"},
    "big.wav": {"format": "RF64"},
    "a.w64": {"format": "W64"},
    "a.aiff": {"format": "AIFF"},
    "a.au": {"format": "AU"},
    "a.caf": {"format": "CAF"},
    "a.flac": {"format": "FLAC"},
    "24.flac": {"format": "FLAC", "subtype": "PCM_24"},
    "a.ogg": {"format": "OGG", "subtype": "VORBIS"},
    "a.opus": {"format": "OGG", "subtype": "OPUS"},
    "a.mp3": {"format": "MP3", "subtype": "MPEG_LAYER_III"},
    "variable.mp3": {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "VARIABLE"},
}


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """name -> (the bytes of 3 s of two channels, the samples that libsndfile decodes of them)"""
    audio = np.random.default_rng(0).normal(0, 0.1, (3 * RATE, 2)) * np.linspace(0.02, 1, 3 * RATE)[:, None]
    made = {}
    for name, options in FORMATS.items():
        path = tmp_path_factory.mktemp("originals") / name
        soundfile.write(path, audio, 48_000 if name == "a.opus" else RATE, **options)
        made[name] = path.read_bytes(), soundfile.read(path, dtype="float32")[0]
    return made


def samples(path, content):
    """(the decoded samples of a file of these bytes, what is odd about it)"""
    path.write_bytes(content)
    with opened(path) as sound:
        audio = np.empty((sound.frames, sound.channels), np.float32)
        assert sound.read(audio) == sound.frames
        return audio, sound.notes


def reason(path, content):
    with pytest.raises(Unusable) as bad:
        samples(path, content)
    assert "\n" not in bad.value.detail
    return bad.value.reason


def changed(content, place, new):
    return content[:place] + new + content[place + len(new) :]


@pytest.mark.parametrize("name", FORMATS)
def test_whole_files_are_what_libsndfile_decodes(name, originals, tmp_path):
    content, expected = originals[name]
    audio, notes = samples(tmp_path / name, content)
    np.testing.assert_array_equal(audio, expected)
    assert not notes


@pytest.mark.parametrize("share", [0.01, 0.3, 0.777, 0.9999])
@pytest.mark.parametrize("name", FORMATS)
def test_cut_files_are_truncated(name, share, originals, tmp_path):
    content = originals[name][0]
    assert reason(tmp_path / name, content[: round(share * len(content))]) == "truncated"


def test_every_cut_of_a_header_is_refused(originals, tmp_path):
    for name, (content, _) in originals.items():
        for size in range(1, 60, 7):
            assert reason(tmp_path / name, content[:size]) in ("truncated", "unreadable"), (name, size)


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFDB])
@pytest.mark.parametrize("name", ["a.wav", "24.wav", "float.wav", "extensible.wav", "big.wav"])
def test_unknown_sizes_of_wav_files(name, size, originals, tmp_path):
    content, expected = originals[name]
    content = changed(content, content.index(b"data") + 4, struct.pack("<I", size))
    if name == "big.wav":
        content = changed(content, content.index(b"ds64") + 16, struct.pack("<Q", 0))
    audio, notes = samples(tmp_path / name, changed(content, 4, struct.pack("<I", size)))
    np.testing.assert_array_equal(audio, expected)
    assert notes


@pytest.mark.parametrize("excess", [8, 36, 44])
def test_sizes_that_count_the_header(excess, originals, tmp_path):
    content, expected = originals["a.wav"]
    larger = changed(content, 40, struct.pack("<I", len(content) - 44 + excess))
    audio, notes = samples(tmp_path / "a.wav", larger)
    np.testing.assert_array_equal(audio, expected)
    assert len(notes) == 1


def test_a_size_too_small_for_the_file_is_seen(originals, tmp_path):
    content, expected = originals["a.wav"]
    audio, notes = samples(tmp_path / "a.wav", changed(content, 40, struct.pack("<I", 1000)))
    np.testing.assert_array_equal(audio, expected)
    assert len(notes) == 1


def test_chunks_may_stand_anywhere(originals, tmp_path):
    content, expected = originals["a.wav"]
    names = b"INFO" + b"".join(name + struct.pack("<I", 500) + b"y" * 500 for name in (b"INAM", b"IART", b"ICMT"))
    chunks = b"".join(b"LIST" + struct.pack("<I", len(names)) + names for _ in range(100))
    for place in (36, len(content)):
        body = content[12:place] + chunks + content[place:]
        longer = b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body
        audio, notes = samples(tmp_path / "a.wav", longer)
        np.testing.assert_array_equal(audio, expected)
        assert not notes
    assert reason(tmp_path / "a.wav", longer[: 44 + len(expected)]) == "truncated"


def test_an_empty_recording_with_chunks_behind_it_is_empty(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(0), RATE)
    content = (tmp_path / "a.wav").read_bytes() + b"LIST" + struct.pack("<I", 4) + b"INFO"
    audio, _ = samples(tmp_path / "a.wav", changed(content, 4, struct.pack("<I", len(content) - 8)))
    assert len(audio) == 0


def test_a_size_that_has_wrapped_around(originals, tmp_path):
    """A sparse file of 4 GiB and a little, whose 32 bits count the little."""
    content, _ = originals["a.wav"]
    path = tmp_path / "a.wav"
    path.write_bytes(changed(content, 40, struct.pack("<I", len(content) - 44)))
    with open(path, "r+b") as file:
        file.truncate(2**32 + len(content))
    with opened(path) as sound:
        assert sound.frames == (2**32 + len(content) - 44) // 4 and sound.notes


@pytest.mark.parametrize(("name", "place", "size"), [("a.w64", 80, 8), ("a.au", 8, 4), ("a.caf", None, 8)])
@pytest.mark.parametrize("value", [0, -1])
def test_unknown_sizes_of_other_containers(name, place, size, value, originals, tmp_path):
    content, expected = originals[name]
    if name == "a.w64":
        place = content.index(b"data") + 16
    if name == "a.caf":
        place = content.index(b"data") + 4
    audio, _ = samples(tmp_path / name, changed(content, place, value.to_bytes(size, "big", signed=True)))
    np.testing.assert_array_equal(audio, expected)


def test_an_aiff_file_that_was_never_finished(originals, tmp_path):
    content, expected = originals["a.aiff"]
    for place in (4, content.index(b"COMM") + 10, content.index(b"SSND") + 4):
        content = changed(content, place, bytes(4))
    audio, notes = samples(tmp_path / "a.aiff", content)
    np.testing.assert_array_equal(audio, expected)
    assert notes


@pytest.mark.parametrize("name", ["a.flac", "24.flac"])
@pytest.mark.parametrize("total", [0, 1000, 2**36 - 1])
def test_flac_totals(name, total, originals, tmp_path):
    content, expected = originals[name]
    content = changed(content, 21, bytes([content[21] & 0xF0 | total >> 32]) + struct.pack(">I", total & 0xFFFFFFFF))
    audio, notes = samples(tmp_path / name, content + b"TAG".ljust(128, b"x"))
    np.testing.assert_array_equal(audio, expected)
    assert notes


def test_a_flac_file_cut_between_frames_has_another_checksum(originals, tmp_path):
    content, _ = originals["a.flac"]
    from data_prep.containers.flac import frame_at

    frames = [place for place in range(42, len(content)) if frame_at(content[place : place + 16])]
    assert len(frames) > 20 and reason(tmp_path / "a.flac", content[: frames[15]]) == "truncated"


@pytest.mark.parametrize("name", ["a.ogg", "a.opus"])
def test_ogg_chains_and_pages_without_an_end(name, originals, tmp_path):
    content, expected = originals[name]
    audio, notes = samples(tmp_path / name, content + content)
    np.testing.assert_array_equal(audio, np.concatenate([expected, expected]))
    assert not notes
    last = content.rindex(b"OggS")
    page = changed(content[last:], 5, bytes([content[last + 5] & ~4]))
    page = changed(page, 22, struct.pack("<I", _checksum(changed(page, 22, bytes(4)))))
    audio, notes = samples(tmp_path / name, content[:last] + page)
    np.testing.assert_array_equal(audio[: len(expected)], expected[: len(audio)])
    assert len(notes) == 1 and abs(len(audio) - len(expected)) < 1024
    assert reason(tmp_path / name, changed(content, last - 50, b"\xff\x00")) == "damaged"


def without_xing(content):
    """The frames behind the one that counts them."""
    return content[frame_of(content[:4]).size :]


def test_mp3_files_whose_length_no_header_says(originals, tmp_path):
    content, expected = originals["variable.mp3"]
    frames = without_xing(content)
    audio, notes = samples(tmp_path / "a.mp3", frames)
    assert len(audio) == len(audio) // 1152 * 1152 and not notes
    delay = 1105  # samples of LAME and of its decoder, which the header would take off
    np.testing.assert_allclose(audio[delay : delay + len(expected)], expected, atol=1e-6)


def test_mp3_files_that_were_joined(originals, tmp_path):
    (first, one), (second, _) = originals["a.mp3"], originals["variable.mp3"]
    for between in (b"", b"TAG".ljust(128, b"\0"), b"ID3\3\0\0\0\0\0\x0aTIT2\0\0\0\0\0\0", bytes(333)):
        audio, notes = samples(tmp_path / "a.mp3", first + between + second)
        np.testing.assert_allclose(audio[: len(one)], one, atol=1e-6)
        assert len(audio) > 2 * len(one) and notes


def test_mp3_counts_that_are_wrong(originals, tmp_path):
    content, expected = originals["a.mp3"]
    place = max(content.find(b"Xing"), content.find(b"Info")) + 8
    for count in (3, 10**6):
        audio, notes = samples(tmp_path / "a.mp3", changed(content, place, struct.pack(">I", count)))
        np.testing.assert_allclose(audio[: len(expected)], expected, atol=1e-6)
        assert len(notes) == 1


def test_mp3_frames_that_break_off_are_damage(originals, tmp_path):
    content, _ = originals["a.mp3"]
    place = frame_of(content[:4]).size
    for _ in range(20):
        place += frame_of(content[place : place + 4]).size
    for damage in (b"\x00", b"\xff\x00", b"\xff\xfb\x10"):
        assert reason(tmp_path / "a.mp3", changed(content, place, damage)) == "damaged"


def test_tags_and_bytes_behind_the_sound(originals, tmp_path):
    for name in ("a.wav", "a.flac", "a.ogg", "a.mp3"):
        content, expected = originals[name]
        audio, _ = samples(tmp_path / name, content + b"APETAGEX".ljust(32, b"\0") + b"TAG".ljust(128, b" "))
        np.testing.assert_allclose(audio, expected, atol=1e-6)
        audio, notes = samples(tmp_path / name, content + b"some bytes of somebody")
        np.testing.assert_allclose(audio, expected, atol=1e-6)
        assert notes, name


def test_an_id3_tag_may_stand_before_any_sound(originals, tmp_path):
    for name, (content, expected) in originals.items():
        audio, _ = samples(tmp_path / name, b"ID3\3\0\0\0\0\0\x0f" + b"TIT2\0\0\0\1\0\0x" + bytes(4) + content)
        np.testing.assert_allclose(audio, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("a.wav", 22),
        ("a.wav", 24),
        ("a.wav", 32),
        ("a.wav", 34),
        ("a.flac", 18),
        ("a.flac", 20),
        ("a.aiff", 21),
        ("a.au", 19),
        ("a.au", 18),
    ],
)
def test_headers_that_contradict_themselves_are_damaged(name, place, originals, tmp_path):
    content, _ = originals[name]
    for bit in (1, 2, 4):
        flipped = changed(content, place, bytes([content[place] ^ bit]))
        assert reason(tmp_path / name, flipped) == "damaged"


def test_chunks_and_bytes_behind_the_sound_of_w64(originals, tmp_path):
    content, expected = originals["a.w64"]
    bext = b"bext" + bytes(12) + struct.pack("<Q", 24 + 400) + b"x" * 400
    audio, notes = samples(tmp_path / "a.w64", content + bytes(-len(content) % 8) + bext)
    np.testing.assert_array_equal(audio, expected)
    assert not notes
    audio, notes = samples(tmp_path / "a.w64", content + bytes(1000))
    np.testing.assert_array_equal(audio, expected)
    assert notes


def test_mpeg_in_wav_files(originals, tmp_path):
    content, expected = originals["a.mp3"]
    format_ = struct.pack("<HHIIHHH", 0x55, 2, RATE, 16_000, 1, 0, 0)
    body = b"WAVEfmt " + struct.pack("<I", len(format_)) + format_ + b"data" + struct.pack("<I", len(content)) + content
    audio, _ = samples(tmp_path / "a.wav", b"RIFF" + struct.pack("<I", len(body)) + body)
    np.testing.assert_allclose(audio, expected, atol=1e-6)


def test_what_sox_writes_to_a_pipe(originals, tmp_path):
    content, expected = originals["a.aiff"]
    content = changed(content, 4, struct.pack(">I", 0x7F000050))
    content = changed(content, content.index(b"SSND") + 4, struct.pack(">I", 0x7F000008))
    audio, notes = samples(tmp_path / "a.aiff", changed(content, content.index(b"COMM") + 10, bytes(4)))
    np.testing.assert_array_equal(audio, expected)
    assert notes


def test_a_wav_file_behind_another_is_noted(originals, tmp_path):
    content, expected = originals["a.wav"]
    audio, notes = samples(tmp_path / "a.wav", content + content)
    np.testing.assert_array_equal(audio, expected)
    assert len(notes) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"RIFF\x24\0\0\0WEBPVP8 " + bytes(500),
        b"FORM\0\0\0\x248SVXVHDR" + bytes(500),
    ],
)
def test_other_formats_are_no_cut_files(content, tmp_path):
    for name in ("a.wav", "a.m4a", "a.mp3"):
        assert reason(tmp_path / name, content) == "unreadable"


def test_paths_may_be_longer_than_libsndfile_allows(originals, tmp_path):
    folder = tmp_path.joinpath(*["x" * 200] * 6)
    folder.mkdir(parents=True)
    audio, _ = samples(folder / "a.flac", originals["a.flac"][0])
    np.testing.assert_array_equal(audio, originals["a.flac"][1])

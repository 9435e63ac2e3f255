import io
import sys
from types import SimpleNamespace

import pytest

from asc_jax.cli.recordings import files
from asc_jax.errors import UserError
from data_prep import ffmpeg


@pytest.fixture
def folder(tmp_path):
    for name in ("b.wav", "a.flac", "deep/c.mp3", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_files_folders_and_patterns_are_found_in_order(folder, tmp_path):
    names = [name.removeprefix(f"{folder}/") for name, _ in files((f"{folder}/b.wav", str(folder)), tmp_path)]
    assert names == ["b.wav", "a.flac", "b.wav", "deep/c.mp3"]
    assert [path.name for _, path in files((f"{folder}/**/*.mp3",), tmp_path)] == ["c.mp3"]


def test_folders_with_brackets_are_no_patterns(tmp_path):
    for name in ("X [-37.5 141.3]/a.wav", "X [-37.5 141.3]/deep [b]/c.wav", "night [/b.wav", "take [a].wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    for pattern, found in (
        ("X [-37.5 141.3]/*.wav", ["a.wav"]),
        ("X [-37.5 141.3]/**/*.wav", ["a.wav", "c.wav"]),
        ("night [/?.wav", ["b.wav"]),
        ("take [a].wav", ["take [a].wav"]),
        ("*/[ab].wav", ["a.wav", "b.wav"]),
    ):
        assert [path.name for _, path in files((f"{tmp_path}/{pattern}",), tmp_path)] == found
    named = files((f"{tmp_path}/take [a].wav", f"{tmp_path}/none*"), tmp_path)
    assert [path.name for _, path in named] == ["take [a].wav", "none*"]


def test_what_is_passed_over_is_counted(folder, tmp_path, capsys):
    (folder / "x.jpg").touch()
    (folder / "y.JPG").touch()
    files((str(folder),), tmp_path)
    assert "passed over: 2 .jpg, 1 .txt" in capsys.readouterr().err


def test_files_that_an_extra_would_read_are_counted(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(ffmpeg, "installed", lambda: False)
    (folder / "x.m4a").touch()
    (folder / "y.MP4").touch()
    assert len(files((str(folder),), tmp_path)) == 5
    assert "asc-jax: 2 of 5 files are in need of the extra [av]: " in capsys.readouterr().err


def test_links_to_folders_are_followed_but_not_in_circles(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "d.opus").touch()
    (folder / "linked").symlink_to(elsewhere)
    (folder / "deep" / "circle").symlink_to(folder)
    (folder / "dangling").symlink_to("nowhere")
    names = [path.name for _, path in files((str(folder),), elsewhere)]
    assert names == ["a.flac", "b.wav", "c.mp3", "d.opus"]
    assert [path.name for _, path in files((f"{folder}/**/*.mp3",), elsewhere)] == ["c.mp3"]


@pytest.mark.parametrize("names", [("-", "-"), ("",)])
def test_names_that_are_none(names, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"RIFF")))
    with pytest.raises(UserError):
        files(names, tmp_path)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UserError):
        files(("-",), tmp_path)


def test_standard_input_is_copied(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"RIFF")))
    ((name, path),) = files(("-",), tmp_path)
    assert name == "-" and path.read_bytes() == b"RIFF"


@pytest.mark.parametrize("name", ["x" * 300 + ".wav", "null\0character.wav", "missing.wav"])
def test_what_is_not_there_is_left_to_whoever_opens_it(name, tmp_path):
    assert [each for each, _ in files((name,), tmp_path)] == [name]


def test_nothing_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"\*.ogg: no recordings there"):
        files((f"{tmp_path}/*.ogg",), tmp_path)

import numpy as np
import pytest
import soundfile

from asc_jax.deploy.recordings import files, recordings_of
from asc_jax.errors import UserError
from data_prep import ffmpeg


@pytest.fixture
def folder(tmp_path):
    for name in ("b.wav", "a.flac", "deep/c.mp3", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def names(*paths):
    """Of the files of all recordings."""
    return [each.source.name for each in files(paths, lambda text: None)]


def test_files_folders_and_patterns_are_found_in_order(folder):
    notes = []
    found = files((f"{folder}/b.wav", str(folder)), notes.append)
    assert [each.name.removeprefix(f"{folder}/") for each in found] == ["b.wav", "a.flac", "b.wav", "deep/c.mp3"]
    assert notes == [f"{folder}: passed over: 1 .txt"]
    assert names(f"{folder}/**/*.mp3") == ["c.mp3"]


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
        assert names(f"{tmp_path}/{pattern}") == found
    assert names(f"{tmp_path}/none*", f"{tmp_path}/take [a].wav") == ["take [a].wav", "none*"]


def test_files_that_an_extra_would_read_are_counted(folder, monkeypatch):
    monkeypatch.setattr(ffmpeg, "installed", lambda: False)
    (folder / "x.m4a").touch()
    (folder / "y.MP4").touch()
    notes = []
    assert len(files([str(folder)], notes.append)) == 5
    assert notes[-1].startswith("2 of 5 files are in need of the extra [av]: ")


def test_links_to_folders_are_followed_but_not_in_circles(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "d.opus").touch()
    (folder / "linked").symlink_to(elsewhere)
    (folder / "deep" / "circle").symlink_to(folder)
    (folder / "dangling").symlink_to("nowhere")
    assert names(str(folder)) == ["a.flac", "b.wav", "c.mp3", "d.opus"]
    assert names(f"{folder}/**/*.mp3") == ["c.mp3"]


@pytest.mark.parametrize("name", ["x" * 300 + ".wav", "null\0character.wav", "missing.wav"])
def test_what_is_not_there_is_left_to_whoever_opens_it(name):
    assert [each.name for each in files([name], print)] == [name]


def test_nothing_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"\*.ogg: no recordings there"):
        files([f"{tmp_path}/*.ogg"], print)


def test_arrays_are_named_by_their_number_in_the_list(folder):
    found = recordings_of([folder / "a.flac", np.ones(3), folder / "deep"], 8000, print)
    assert [each.name for each in found] == [f"{folder}/a.flac", "1", f"{folder}/deep/c.mp3"]
    assert found[1].rate == 8000


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_file_and_its_samples_are_the_same_recording(rate, tmp_path):
    samples = np.random.default_rng(0).integers(-9000, 9000, (3 * rate, 2), np.int16)
    soundfile.write(tmp_path / "a.wav", samples, rate)
    of_file, of_array = recordings_of([tmp_path / "a.wav", samples], rate, print)
    np.testing.assert_allclose(np.concatenate(list(of_file.blocks())), *of_array.blocks(), atol=1e-4)

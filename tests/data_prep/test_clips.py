"""The user's own clips: from a list or a folder to checked splits."""

import collections

import numpy as np
import pytest
import soundfile

from data_prep import PrepareError, clips

TWO_SCENES = "a.wav,park,train\nb.wav,bus,train\n"


@pytest.fixture
def folder(tmp_path):
    """A folder in which a.wav to f.wav exist, 0.1 s each, filled with their number."""
    for number, letter in enumerate("abcdef", 1):
        soundfile.write(tmp_path / f"{letter}.wav", np.full(1600, number, np.int16), 16000)
    return tmp_path


def collect(folder, rows, header="filename,scene_label,split"):
    (folder / "clips.csv").write_text(f"{header}\n{rows}")
    return clips.collect(folder / "clips.csv", 0.25)


def test_reads_a_list_with_splits(folder):
    dataset = collect(
        folder,
        "a.wav,park,train,s1,rome,x,\nb.wav,bus,train,,,,bus\nc.wav,,train,,,,park\nd.wav,,,,,,\ne.wav,bus,test,,,,\n",
        "filename,scene_label,split,device,city,session,truth",
    )
    assert dataset.scenes == ("bus", "park")
    assert [(clip.id, clip.split, clip.scene, clip.labelled) for clip in dataset.clips] == [
        ("a.wav", "train", "park", True),
        ("b.wav", "train", "bus", True),
        ("c.wav", "unlabelled", "park", False),
        ("d.wav", "unlabelled", "", False),
        ("e.wav", "test", "bus", True),
    ]
    assert (dataset.clips[0].device, dataset.clips[0].city, dataset.clips[0].session) == ("s1", "rome", "x")
    assert np.array_equal(dataset.load(dataset.clips[2]), np.full(4000, 3))


def test_short_clips_start_over_and_long_ones_are_cut(folder):
    soundfile.write(folder / "a.wav", np.arange(3000, dtype=np.int16), 16000)
    soundfile.write(folder / "b.wav", np.arange(5000, dtype=np.int16), 16000)
    dataset = collect(folder, TWO_SCENES)
    assert dataset.load(dataset.clips[0]).tolist() == [*range(3000), *range(1000)]
    assert dataset.load(dataset.clips[1]).tolist() == list(range(4000))


def test_holds_out_a_fifth_without_a_split_column(tmp_path):
    for scene in ("bus", "park"):
        for i in range(10):
            write_silence(tmp_path / f"{scene}{i}.wav")
    rows = "".join(f"{scene}{i}.wav,{scene}\n" for scene in ("bus", "park") for i in range(10))
    splits = collections.Counter(clip.split for clip in collect(tmp_path, rows, "filename,scene_label").clips)
    assert splits == {"train": 16, "test": 4}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (TWO_SCENES + "lost.wav,bus,train\n", "^lost.wav: no such file"),
        (TWO_SCENES + "a.wav,park,train\n", "^a.wav is listed 2 times"),
        (TWO_SCENES + "c.wav,metro,test\n", "^c.wav: in split 'test', but no training clip has the scene 'metro'"),
        (TWO_SCENES + "c.wav,metro,validation\n", "^c.wav: in split 'validation', but no training clip"),
        (TWO_SCENES + "c.wav,bus,dev\n", "^c.wav: split is 'dev'"),
        (TWO_SCENES + "c.wav,bus,\n", "^c.wav: split is ''"),
        (TWO_SCENES + "c.wav,,test\n", "^c.wav: in split 'test' but without scene_label"),
        ("a.wav,park,train\nb.wav,park,train\n", r"labelled clips of 1 scenes \['park'\]; at least 2"),
        ("a.wav,,train\n", "labelled clips of 0 scenes"),
    ],
)
def test_names_what_is_wrong_in_a_list(folder, rows, message):
    with pytest.raises(PrepareError, match=message):
        collect(folder, rows)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("c.wav,park,train,bus\n", "^c.wav: scene_label is 'park' but truth is 'bus'"),
        ("c.wav,,train,metro\n", "^c.wav: unknown scene 'metro'"),
    ],
)
def test_truth_must_fit(folder, row, message):
    rows = "a.wav,park,train,\nb.wav,bus,train,\n" + row
    with pytest.raises(PrepareError, match=message):
        collect(folder, rows, "filename,scene_label,split,truth")


def test_reads_a_folder(tmp_path):
    for i in range(5):
        write_silence(tmp_path / "Bus" / f"{i}.WAV")
        write_silence(tmp_path / "city park" / "visit" / f"{i}.flac")
    write_silence(tmp_path / "unlabelled" / "x.wav")
    write_silence(tmp_path / "y.ogg")
    (tmp_path / "Bus" / "notes.txt").write_text("not sound")
    (tmp_path / "Bus" / "._0.WAV").write_text("macOS leaves these")
    dataset = clips.collect(tmp_path, 0.1)
    assert dataset.scenes == ("Bus", "city park")
    assert [clip.id for clip in dataset.clips if not clip.labelled] == ["unlabelled/x.wav", "y.ogg"]
    assert collections.Counter(clip.split for clip in dataset.clips) == {"train": 8, "test": 2, "unlabelled": 2}
    assert dataset.load(dataset.clips[-1]).shape == (1600,)


def test_says_when_a_folder_holds_no_clips(tmp_path):
    with pytest.raises(PrepareError, match="no wav, flac, ogg or mp3 file"):
        clips.collect(tmp_path, 1)


def write_silence(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(1600), 16000)

"""CAS 2023: the released split, cities and sessions."""

import collections
import csv
import pathlib

import numpy as np
import pytest
import soundfile
from sklearn.model_selection import train_test_split

from data_prep import PrepareError, cas2023, files

REAL_LISTS = pathlib.Path(__file__).parents[3] / "shared/data/cas2023"


def make(folder, labels):
    (folder / "dev").mkdir()
    rows = "".join(f"clip{i},{label}\r\n" for i, label in enumerate(labels))
    (folder / cas2023.LABELS).write_bytes(f"filename,scene_label\r\n{rows}".encode())
    for i in range(len(labels)):
        soundfile.write(folder / f"dev/clip{i}.wav", np.zeros(4800), 48000)


def test_splits_labelled_and_unlabelled_clips(tmp_path):
    make(tmp_path, ["Bus", "", "Urban park"] * 10)
    dataset = cas2023.collect(tmp_path, 0.1)
    assert collections.Counter(clip.split for clip in dataset.clips) == {
        "train": 16,
        "validation": 2,
        "test": 2,
        "unlabelled": 10,
    }
    assert all(clip.labelled == bool(clip.scene) == (clip.split != "unlabelled") for clip in dataset.clips)
    assert dataset.load(dataset.clips[0]).shape == (1600,)
    assert {clip.city + clip.session for clip in dataset.clips} == {""}


def test_joins_the_metadata_by_name(tmp_path):
    make(tmp_path, ["Bus", "Bus", "Metro", ""])
    content = "\ufefffilename,location,record_time,scene_label\nclip3,Xi'an,2023-06-18 18:44:34,\n"
    (tmp_path / cas2023.METADATA).write_text(content, encoding="utf-8")
    *others, last = cas2023.collect(tmp_path, 0.1).clips
    assert (last.city, last.session, last.scene) == ("Xi'an", "Xi'an 2023-06-18 18:44:34", "")
    assert {clip.city for clip in others} == {""}


@pytest.mark.parametrize(
    ("labels", "message"),
    [(["Bus", "bus", "Bar"], "^clip1: unknown scene 'bus'"), (["Bus", "", ""], "1 labelled clips")],
)
def test_names_wrong_labels(tmp_path, labels, message):
    make(tmp_path, labels)
    with pytest.raises(PrepareError, match=message):
        cas2023.collect(tmp_path, 0.1)


def test_names_a_missing_file(tmp_path):
    make(tmp_path, ["Bus", "Bar", "Bus"])
    (tmp_path / "dev/clip2.wav").unlink()
    with pytest.raises(PrepareError, match="^clip2: no such file"):
        cas2023.collect(tmp_path, 0.1)


@pytest.mark.skipif(not REAL_LISTS.exists(), reason=f"the real lists are not at {REAL_LISTS}")
def test_the_real_lists(monkeypatch):
    monkeypatch.setattr(files, "_state", lambda path, name: (0, 0))
    dataset = cas2023.collect(REAL_LISTS, 10)
    members = collections.defaultdict(list)
    for clip in dataset.clips:
        members[clip.split].append(clip)
    counts = {split: len(clips) for split, clips in members.items()}
    assert counts == {"train": 1409, "validation": 157, "test": 174, "unlabelled": 6960}
    with open(REAL_LISTS / cas2023.LABELS, newline="") as handle:
        labelled = [row["filename"] for row in csv.DictReader(handle) if row["scene_label"]]
    rest, test = train_test_split(labelled, test_size=0.1, random_state=200)
    assert {clip.id for clip in members["test"]} == set(test)
    assert {clip.id for clip in members["validation"]} == set(
        train_test_split(rest, test_size=0.1, random_state=200)[1]
    )
    assert len({clip.session for clip in dataset.clips if clip.labelled}) == 309
    taught = {clip.session for clip in members["train"]}
    assert all(clip.session in taught for clip in members["test"])  # the leak that REFERENCE and README warn of

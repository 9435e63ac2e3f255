"""CAS 2023: the released split, the evaluation set, cities and sessions."""

import collections
import csv
import os
import pathlib

import numpy as np
import pytest
import soundfile
from sklearn.model_selection import train_test_split

from data_prep import PrepareError, cas2023

REAL_LISTS = pathlib.Path(__file__).parents[3] / "shared/data/cas2023"
DEV_METADATA, EVAL_METADATA = (cas2023.METADATA.format(part) for part in ("dev", "eval"))


def make(folder, labels, list_name=cas2023.LABELS, audio="dev", prefix="clip", suffix="wav"):
    (folder / audio).mkdir()
    rows = "".join(f"{prefix}{i},{label}\r\n" for i, label in enumerate(labels))
    (folder / list_name).write_bytes(f"filename,scene_label\r\n{rows}".encode())
    for i in range(len(labels)):
        soundfile.write(folder / audio / f"{prefix}{i}.{suffix}", np.full(4800, 0.1), 48000)


def test_splits_labelled_and_unlabelled_clips(tmp_path):
    make(tmp_path, ["Bus", "", "Urban park"] * 10)
    dataset = cas2023.collect(tmp_path, 0.1, "start")
    counts = collections.Counter(clip.split for clip in dataset.clips)
    assert counts == {"train": 16, "validation": 2, "test": 2, "unlabelled": 10}
    assert all(clip.labelled == bool(clip.scene) == (clip.split != "unlabelled") for clip in dataset.clips)
    assert dataset.load(dataset.clips[0]).audio.shape == (1600,)
    assert {clip.city + clip.session for clip in dataset.clips} == {""}
    assert dataset.split == "released"


@pytest.mark.parametrize("suffix", ["WAV", "flac", "FLAC", "mp3"])
def test_finds_files_of_another_ending(tmp_path, suffix):
    make(tmp_path, ["Bus"] * 5, suffix=suffix)
    dataset = cas2023.collect(tmp_path, 0.1, "start")
    assert len(dataset.clips) == 5 and not dataset.faults


def test_the_evaluation_set_is_neither_trained_on_nor_tested(tmp_path):
    make(tmp_path, ["Bus"] * 5)
    make(tmp_path, ["", ""], cas2023.EVALUATION, "eval", "other")
    content = "\ufefffilename,location,record_time,scene_label\nother1,Tianjin,2023-06-29 13:41:00,\n"
    (tmp_path / EVAL_METADATA).write_text(content, encoding="utf-8")
    *_, first, second = cas2023.collect(tmp_path, 0.1, "start").clips
    assert (first.id, first.split, first.labelled, first.city) == ("other0", "evaluation", False, "")
    assert (second.city, second.session) == ("Tianjin", "Tianjin 2023-06-29 13:41:00")
    (tmp_path / "eval").rename(tmp_path / "elsewhere")
    assert len(cas2023.collect(tmp_path, 0.1, "start").clips) == 5  # the list alone does not ask for the audio


def test_joins_the_metadata_by_name(tmp_path):
    make(tmp_path, ["Bus", "Bus", "Metro", ""])
    content = "\ufefffilename,location,record_time,scene_label\nclip3,Xi'an,2023-06-18 18:44:34,\n"
    (tmp_path / DEV_METADATA).write_text(content, encoding="utf-8")
    *others, last = cas2023.collect(tmp_path, 0.1, "start").clips
    assert (last.city, last.session, last.scene) == ("Xi'an", "Xi'an 2023-06-18 18:44:34", "")
    assert {clip.city for clip in others} == {""}


def test_names_wrong_labels_and_missing_files(tmp_path):
    make(tmp_path, ["Bus", "bus", "Bar", "Bar"])
    (tmp_path / "dev/clip2.wav").unlink()
    dataset = cas2023.collect(tmp_path, 0.1, "start")
    assert [(fault.id, fault.reason) for fault in dataset.faults] == [("clip1", "unknown scene"), ("clip2", "missing")]
    assert [clip.id for clip in dataset.clips] == ["clip0", "clip3"]


def test_needs_enough_labelled_clips(tmp_path):
    make(tmp_path, ["Bus", "", ""])
    with pytest.raises(PrepareError, match="1 labelled clips"):
        cas2023.collect(tmp_path, 0.1, "start")


@pytest.mark.skipif(not REAL_LISTS.exists(), reason=f"{REAL_LISTS} is not part of this repository")
def test_the_real_lists(tmp_path):
    (tmp_path / "one.wav").write_bytes(b"sound")
    for name, audio in ((cas2023.LABELS, "dev"), (cas2023.EVALUATION, "eval"), (DEV_METADATA, ""), (EVAL_METADATA, "")):
        (tmp_path / name).symlink_to(REAL_LISTS / name)
        if audio:
            (tmp_path / audio).mkdir()
            for row in (tmp_path / name).read_text().splitlines()[1:]:
                os.link(tmp_path / "one.wav", tmp_path / audio / f"{row.split(',')[0]}.wav")
    dataset = cas2023.collect(tmp_path, 10, "start")
    assert not dataset.faults
    members = collections.defaultdict(list)
    for clip in dataset.clips:
        members[clip.split].append(clip)
    counts = {split: len(clips) for split, clips in members.items()}
    assert counts == {"train": 1409, "validation": 157, "test": 174, "unlabelled": 6960, "evaluation": 1100}
    with open(REAL_LISTS / cas2023.LABELS, newline="") as handle:
        labelled = [row["filename"] for row in csv.DictReader(handle) if row["scene_label"]]
    rest, test = train_test_split(labelled, test_size=0.1, random_state=200)
    assert {clip.id for clip in members["test"]} == set(test)
    assert {clip.id for clip in members["validation"]} == set(
        train_test_split(rest, test_size=0.1, random_state=200)[1]
    )
    assert len({clip.session for clip in dataset.clips if clip.labelled}) == 309
    trained_on = {clip.session for clip in members["train"]}
    assert all(clip.session in trained_on for clip in members["test"])  # the leak that REFERENCE and README warn of

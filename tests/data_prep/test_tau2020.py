"""TAU 2020 Mobile: the lists of fold 1 and the file names."""

import collections
import os
import pathlib

import numpy as np
import pytest
import soundfile

from data_prep import PrepareError, tau2020

REAL_LISTS = pathlib.Path(__file__).parents[3] / "shared/data/tau2020"


def make(folder, train, test, seconds=0.2):
    """Writes both lists, one with CRLF line ends as released, and the files they name."""
    (folder / "evaluation_setup").mkdir()
    (folder / "audio").mkdir()
    for name, rows, newline in (("train", train, "\n"), ("evaluate", test, "\r\n")):
        lines = ["filename\tscene_label", *(f"audio/{file}\t{scene}" for file, scene in rows)]
        (folder / f"evaluation_setup/fold1_{name}.csv").write_bytes(newline.join(lines).encode())
        for file, _ in rows:
            audio = np.full(round(44100 * seconds), 0.1)
            soundfile.write(folder / "audio" / file, audio, 44100, subtype="PCM_24")
    return folder


def test_reads_names_and_lists(tmp_path):
    make(tmp_path, [("bus-lyon-1-2-a.wav", "bus")], [("street_traffic-milan-1165-42158-s6.wav", "street_traffic")])
    dataset = tau2020.collect(tmp_path, 0.2, "start")
    train, test = dataset.clips
    assert (train.id, train.split, train.scene, train.labelled) == ("audio/bus-lyon-1-2-a.wav", "train", "bus", True)
    assert (test.split, test.device, test.city, test.session) == ("test", "s6", "milan", "milan-1165")
    assert dataset.load(test).audio.shape == (3200,)
    assert dataset.split == "official" and not dataset.faults


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        (("bus-lyon-1-a.wav", "bus"), "unknown name", "must be <scene>-<city>"),
        (("bus-lyon-1-2-a.wav", "buss"), "unknown scene", "'buss' is none of airport"),
        (("bus-lyon-1-2-a.wav", ""), "unknown scene", "''"),
    ],
)
def test_names_a_wrong_row(tmp_path, row, reason, detail):
    make(tmp_path, [row], [])
    (fault,) = tau2020.collect(tmp_path, 0.2, "start").faults
    assert (fault.id, fault.reason) == (f"audio/{row[0]}", reason) and detail in fault.detail


def test_names_a_missing_list(tmp_path):
    with pytest.raises(PrepareError, match="fold1_train.csv: cannot read the list"):
        tau2020.collect(tmp_path, 10, "start")


@pytest.mark.skipif(not REAL_LISTS.exists(), reason=f"{REAL_LISTS} is not part of this repository")
def test_counts_of_the_real_lists(tmp_path):
    (tmp_path / "evaluation_setup").symlink_to(REAL_LISTS / "evaluation_setup")
    (tmp_path / "audio").mkdir()
    (tmp_path / "one.wav").write_bytes(b"sound")
    for name in tau2020.LISTS.values():
        for line in (tmp_path / name).read_text().splitlines()[1:]:
            os.link(tmp_path / "one.wav", tmp_path / line.split("\t")[0])
    dataset = tau2020.collect(tmp_path, 10, "start")
    assert not dataset.faults
    assert collections.Counter(clip.split for clip in dataset.clips) == {"train": 13965, "test": 2970}
    assert {clip.scene for clip in dataset.clips} == set(dataset.scenes)
    tested = collections.Counter(clip.device for clip in dataset.clips if clip.split == "test")
    assert tested == dict.fromkeys(["a", "b", "c", "s1", "s2", "s3", "s4", "s5", "s6"], 330)
    assert len({clip.city for clip in dataset.clips if clip.split == "test"}) == 10

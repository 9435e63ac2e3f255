"""TAU 2020 Mobile: the lists of fold 1 and the file names."""

import collections
import pathlib

import numpy as np
import pytest
import soundfile

from data_prep import PrepareError, files, tau2020

REAL_LISTS = pathlib.Path(__file__).parents[3] / "shared/data/tau2020"


def make(folder, train, test, seconds=0.2):
    """Writes both lists, one with CRLF line ends as released, and the files they name."""
    (folder / "evaluation_setup").mkdir()
    (folder / "audio").mkdir()
    for name, rows, newline in (("train", train, "\n"), ("evaluate", test, "\r\n")):
        lines = ["filename\tscene_label", *(f"audio/{file}\t{scene}" for file, scene in rows)]
        (folder / f"evaluation_setup/fold1_{name}.csv").write_bytes(newline.join(lines).encode())
        for file, _ in rows:
            soundfile.write(folder / "audio" / file, np.zeros(round(44100 * seconds)), 44100, subtype="PCM_24")


def test_reads_names_and_lists(tmp_path):
    make(tmp_path, [("bus-lyon-1-2-a.wav", "bus")], [("street_traffic-milan-1165-42158-s6.wav", "street_traffic")])
    dataset = tau2020.collect(tmp_path, 0.2)
    train, test = dataset.clips
    assert (train.id, train.split, train.scene, train.labelled) == ("audio/bus-lyon-1-2-a.wav", "train", "bus", True)
    assert (test.split, test.device, test.city, test.session) == ("test", "s6", "milan", "milan-1165")
    assert dataset.load(test).shape == (3200,)


def test_cuts_longer_clips_and_refuses_shorter_ones(tmp_path):
    make(tmp_path, [("bus-lyon-1-2-a.wav", "bus")], [("bus-lyon-1-3-a.wav", "bus")])
    dataset = tau2020.collect(tmp_path, 0.1)
    assert dataset.load(dataset.clips[0]).shape == (1600,)
    dataset = tau2020.collect(tmp_path, 0.3)
    with pytest.raises(PrepareError, match="^audio/bus-lyon-1-2-a.wav: 0.2 s long, 0.3 s are needed"):
        dataset.load(dataset.clips[0])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("bus-lyon-1-a.wav", "bus"), "^audio/bus-lyon-1-a.wav: not named <scene>"),
        (("bus-lyon-1-2-a.wav", "buss"), "^audio/bus-lyon-1-2-a.wav: unknown scene 'buss'"),
        (("bus-lyon-1-2-a.wav", ""), "^audio/bus-lyon-1-2-a.wav: unknown scene ''"),
    ],
)
def test_names_a_wrong_row(tmp_path, row, message):
    make(tmp_path, [row], [])
    with pytest.raises(PrepareError, match=message):
        tau2020.collect(tmp_path, 0.2)


def test_names_a_missing_list(tmp_path):
    with pytest.raises(PrepareError, match="fold1_train.csv: cannot read the list"):
        tau2020.collect(tmp_path, 10)


@pytest.mark.skipif(not REAL_LISTS.exists(), reason=f"the real lists are not at {REAL_LISTS}")
def test_counts_of_the_real_lists(monkeypatch):
    monkeypatch.setattr(files, "_state", lambda path, name: (0, 0))
    dataset = tau2020.collect(REAL_LISTS, 10)
    assert collections.Counter(clip.split for clip in dataset.clips) == {"train": 13965, "test": 2970}
    assert {clip.scene for clip in dataset.clips} == set(dataset.scenes)
    tested = collections.Counter(clip.device for clip in dataset.clips if clip.split == "test")
    assert tested == dict.fromkeys(["a", "b", "c", "s1", "s2", "s3", "s4", "s5", "s6"], 330)
    assert len({clip.city for clip in dataset.clips if clip.split == "test"}) == 10

"""TAU 2022 Mobile: meta.csv, DCASE's splits and the file names."""

import collections
import json

import numpy as np
import pandas
import pytest
import soundfile

from asc_jax.data.leaks import check
from asc_jax.data.splits import open_records
from data_prep import PrepareError, prepare, tau2022

SCENES = tau2022.SCENES
TRAIN = [f"{scene}-lyon-{number}-2-{second}-a.wav" for number, scene in enumerate(SCENES) for second in range(4)]
TEST = [f"{scene}-milan-{number}-7-0-s4.wav" for number, scene in enumerate(SCENES, 100)]
UNUSED = ["bus-oslo-500-1-3-b.wav"]


@pytest.fixture
def tau(tmp_path):
    """Made recordings of 1 s, all in meta.csv; split5.csv and split25.csv train on a half and on all of TRAIN."""
    random = np.random.default_rng(0)
    (tmp_path / "audio").mkdir()
    rows = ["filename\tscene_label\tidentifier\tsource_label"]
    for file in TRAIN + TEST + UNUSED:
        scene, city, location, _, _, device = file.removesuffix(".wav").split("-")
        soundfile.write(tmp_path / "audio" / file, random.normal(0, 0.1, 44_100), 44_100, subtype="PCM_24")
        rows.append(f"audio/{file}\t{scene}\t{city}-{location}\t{device}")
    (tmp_path / "meta.csv").write_text("\n".join(rows))
    for name, files in (("split5", TRAIN[::2]), ("split25", TRAIN), ("test", TEST)):
        write(tmp_path / f"{name}.csv", files)
    return tmp_path


def write(path, files):
    path.write_text("\r\n".join(["filename", *(f"audio/{file}" for file in files)]))


def test_every_list_is_a_split_of_the_records(tau):
    folder = prepare("tau2022", str(tau), seconds=1, data_dir=str(tau / "prepared"))
    records = {split: open_records(folder, split) for split in ("5", "25", None)}
    counts = {split: collections.Counter(each.splits) for split, each in records.items()}
    assert counts["5"] == {"train": 20, "test": 10, "": 21}
    assert counts["25"] == counts[None] == {"train": 40, "test": 10, "": 1}
    assert json.loads((folder / "metadata.json").read_text())["split"] == "25"
    leak = check(records[None], "test", ["train"])
    assert (leak.same_session, leak.same_audio, leak.devices, leak.cities) == (0, 0, ("a",), ("lyon",))


def test_a_session_is_an_identifier(tau):
    dataset = tau2022.collect(tau, 1, "start")
    tested = next(clip for clip in dataset.clips if clip.split == "test")
    assert (tested.scene, tested.device, tested.city, tested.session) == ("airport", "s4", "milan", "milan-100")
    assert dict(tested.columns) == {"5": "test"} and tested.labelled and not dataset.faults
    assert {clip.session for clip in dataset.clips[:4]} == {"lyon-0"}  # four seconds of one recording


def test_the_lists_may_lie_in_a_folder_of_their_own(tau):
    lists = tau / "lists"
    lists.mkdir()
    for path in (*tau.glob("split*.csv"), tau / "test.csv"):
        path.rename(lists / path.name)
    with pytest.raises(PrepareError, match="none of split5.csv, .* --split-lists"):
        tau2022.collect(tau, 1, "start")
    folder = prepare("tau2022", str(tau), seconds=1, split_lists=str(lists), data_dir=str(tau / "prepared"))
    assert "5" in pandas.read_csv(folder / "clips.csv")


def test_a_missing_list_of_the_test_is_named(tau):
    (tau / "test.csv").unlink()
    with pytest.raises(PrepareError, match=r"no test\.csv: download"):
        tau2022.collect(tau, 1, "start")


def test_names_that_make_no_sense_are_reported(tau):
    write(tau / "split25.csv", [*TRAIN, "bus-lyon-9-2-0-a.wav", TEST[0]])
    meta = tau / "meta.csv"
    meta.write_text(meta.read_text() + "\naudio/bus-lyon-1-a.wav\tbus\tlyon-1\ta")
    faults = {(fault.id, fault.reason): fault.detail for fault in tau2022.collect(tau, 1, "start").faults}
    assert faults == {
        ("audio/bus-lyon-9-2-0-a.wav", "unknown name"): "split25.csv names it, meta.csv does not",
        (f"audio/{TEST[0]}", "contradiction"): "split25.csv trains on it, test.csv tests it",
        ("audio/bus-lyon-1-a.wav", "unknown name"): (
            "must be <scene>-<city>-<location>-<recording>-<second>-<device>.wav"
        ),
    }


def test_scenes_in_a_list_must_be_those_of_meta(tau):
    listed = [f"audio/{file}\t{file.split('-')[0]}" for file in TRAIN]
    (tau / "split25.csv").write_text("\n".join(["filename\tscene_label", *listed]))
    assert not tau2022.collect(tau, 1, "start").faults
    wrong = [f"audio/{TRAIN[0]}\ttram", f"audio/{TRAIN[1]}\tliving_room", *listed[2:]]
    (tau / "split25.csv").write_text("\n".join(["filename\tscene_label", *wrong]))
    assert [(fault.id, fault.detail) for fault in tau2022.collect(tau, 1, "start").faults] == [
        (f"audio/{TRAIN[0]}", "tram in split25.csv, airport in meta.csv"),
        (f"audio/{TRAIN[1]}", "living_room in split25.csv, airport in meta.csv"),
    ]


def test_a_list_without_clips_is_refused(tau):
    write(tau / "split5.csv", [])
    with pytest.raises(PrepareError, match=r"split5\.csv: names no clip"):
        tau2022.collect(tau, 1, "start")


def test_longer_clips_than_there_are_are_refused_before_any_is_read(tau):
    with pytest.raises(PrepareError, match="of 1 s, not of 10: use --seconds 1"):
        tau2022.collect(tau, 10, "start")
    assert tau2022.collect(tau, 2, "repeat").seconds == 2

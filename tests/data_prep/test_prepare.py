"""From recordings to records on disk: complete, repeatable, never stale, never half there."""

import concurrent.futures
import hashlib
import os

import numpy as np
import pytest
import soundfile
import tensorflow_datasets as tfds

from data_prep import PrepareError, prepare, records

HEADER = "filename,scene_label,split,device,city,session,truth\n"


@pytest.fixture
def recordings(tmp_path):
    """A list of two scenes, each with clips to train, to test and without a label, 0.2 s long."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for scene in ("park", "bus"):
        for number, split in enumerate(["train"] * 5 + ["test"] * 2 + ["unlabelled"] * 2):
            name = f"{scene}{number}.wav"
            soundfile.write(folder / name, rng.integers(-(2**15), 2**15, 3200).astype(np.int16), 16000)
            label = "" if split == "unlabelled" else scene
            rows.append(f"{name},{label},{split},s1,rome,rome-{number},{scene}\n")
    (folder / "clips.csv").write_text(HEADER + "".join(rows))
    return folder


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


def prepare_clips(recordings, data_dir, **changes):
    return prepare(
        "clips", str(recordings / "clips.csv"), **{"seconds": 0.2, "seed": 0, "data_dir": str(data_dir)} | changes
    )


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_records_hold_what_the_list_says(recordings, data_dir):
    builder = tfds.builder_from_directory(prepare_clips(recordings, data_dir))
    assert {name: split.num_examples for name, split in builder.info.splits.items()} == {
        "train": 10,
        "unlabelled": 4,
        "test": 4,
    }
    assert builder.info.features["label"].names == builder.info.features["truth"].names == ["bus", "park"]
    train, unlabelled = builder.as_data_source("train"), builder.as_data_source("unlabelled")
    assert [record["id"] for record in train] == [f"{s}{i}.wav".encode() for s in ("park", "bus") for i in range(5)]
    for record in (train[0], unlabelled[0]):
        expected, _ = soundfile.read(recordings / record["id"].decode(), dtype="int16")
        np.testing.assert_array_equal(record["audio"], expected)
        assert (record["device"], record["city"]) == (b"s1", b"rome")
    assert (train[0]["label"], train[0]["truth"]) == (1, 1)
    assert (unlabelled[0]["label"], unlabelled[0]["truth"]) == (-1, 1)


def test_shards_join_to_one_split_in_order(recordings, data_dir, monkeypatch):
    monkeypatch.setattr(records, "SHARD_BYTES", 3 * 2 * 3200)
    folder = prepare_clips(recordings, data_dir)
    builder = tfds.builder_from_directory(folder)
    assert builder.info.splits["train"].shard_lengths == [3, 3, 3, 1]
    ids = [record["id"].decode() for record in builder.as_data_source("train")]
    assert ids == [f"{scene}{i}.wav" for scene in ("park", "bus") for i in range(5)]


def test_preparing_twice_gives_the_same_bytes(recordings, tmp_path):
    first, second = (prepare_clips(recordings, tmp_path / name) for name in ("one", "two"))
    assert contents(first) == contents(second)


def test_leaves_nothing_but_the_records(recordings, data_dir, capfd):
    folder = prepare_clips(recordings, data_dir)
    assert [path for path in data_dir.rglob("*") if path.is_file() and path.parent != folder] == []
    assert [path.name for path in data_dir.iterdir()] == ["clips"]
    assert capfd.readouterr() == ("", "")


def test_returns_prepared_records_at_once(recordings, data_dir, monkeypatch):
    folder = prepare_clips(recordings, data_dir)
    monkeypatch.setattr(records, "write", lambda *args: pytest.fail("prepared again"))
    assert prepare_clips(recordings, data_dir) == folder


def test_a_changed_source_is_prepared_anew(recordings, data_dir):
    folders = [prepare_clips(recordings, data_dir), prepare_clips(recordings, data_dir, seconds=0.1)]
    os.utime(recordings / "bus0.wav", ns=(1, 1))
    folders.append(prepare_clips(recordings, data_dir))
    text = (recordings / "clips.csv").read_text()
    (recordings / "clips.csv").write_text(text.replace("rome-3", "rome-33"))
    folders.append(prepare_clips(recordings, data_dir))
    assert len(set(folders)) == 4
    source = tfds.builder_from_directory(folders[-1]).as_data_source("train")
    assert source[3]["session"] == b"rome-33"


def test_reports_progress(recordings, data_dir):
    calls = []
    prepare_clips(recordings, data_dir, progress=lambda *call: calls.append(call))
    assert calls == [(done, 18) for done in range(1, 19)]


def test_a_bad_file_leaves_no_records(recordings, data_dir):
    (recordings / "park5.wav").write_bytes(b"not sound")
    with pytest.raises(PrepareError, match="^park5.wav: cannot be decoded"):
        prepare_clips(recordings, data_dir)
    assert [path for path in data_dir.rglob("*") if path.is_file()] == []
    assert list(data_dir.rglob("incomplete.*")) == []


def test_an_interruption_leaves_no_records(recordings, data_dir):
    def interrupt(done, total):
        if done == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_clips(recordings, data_dir, progress=interrupt)
    assert [path for path in data_dir.rglob("*") if path.is_file()] == []


def test_what_a_killed_preparation_left_is_removed(recordings, data_dir):
    abandoned = data_dir / "clips/0.2s-0123456789ab/incomplete.XYZ_1.0.0"
    abandoned.mkdir(parents=True)
    (abandoned / "clips-train.array_record-00000-of-00001").write_bytes(b"half")
    prepare_clips(recordings, data_dir)
    assert not abandoned.exists()


def test_a_folder_that_cannot_be_written_is_named(recordings, data_dir):
    data_dir.write_text("a file where the folder should be")
    with pytest.raises(PrepareError, match="data/clips/.*: the records cannot be written: "):
        prepare_clips(recordings, data_dir)


def test_only_one_prepares_at_a_time(recordings, data_dir):
    """Of two that start together one works, and the other takes its records."""
    calls = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        with records._only_process_in(data_dir / "clips"):
            both = [
                pool.submit(prepare_clips, recordings, data_dir, progress=lambda *call: calls.append(call))
                for _ in range(2)
            ]
            concurrent.futures.wait(both, timeout=0.3)
            assert list((data_dir / "clips").iterdir()) == []
        assert both[0].result(10) == both[1].result(10)
    assert len(calls) == 18


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("speech", "x", 1.0), "there is no data set 'speech': choose scenes, clips, tau2020, cas2023"),
        (("clips", None, 1.0), "clips needs recordings"),
        (("clips", "x", 0.0), "seconds is 0"),
        (("clips", "nowhere.csv", 1.0), "nowhere.csv: cannot read the list"),
    ],
)
def test_wrong_arguments_are_named(data_dir, arguments, message):
    with pytest.raises(PrepareError, match=message):
        prepare(*arguments, 0, str(data_dir))
    assert not data_dir.exists()

"""From recordings to records on disk: complete, repeatable, never stale, never half there."""

import concurrent.futures
import hashlib
import json
import os
import shutil
import types

import numpy as np
import pandas
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
    options = {"seconds": 0.2, "data_dir": str(data_dir)}
    return prepare("clips", str(recordings / "clips.csv"), **options | changes)


def table_of(folder):
    return pandas.read_csv(folder / "clips.csv", dtype=str, keep_default_na=False)


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_records_hold_what_the_list_says(recordings, data_dir):
    folder = prepare_clips(recordings, data_dir)
    builder = tfds.builder_from_directory(folder)
    assert {name: split.num_examples for name, split in builder.info.splits.items()} == {"clips": 18}
    assert builder.info.features["label"].names == builder.info.features["truth"].names == ["bus", "park"]
    source = builder.as_data_source("clips")
    ids = [f"{scene}{number}.wav" for scene in ("park", "bus") for number in range(9)]
    assert [record["id"].decode() for record in source] == ids
    for number, record in enumerate(source):
        expected, _ = soundfile.read(recordings / ids[number], dtype="int16")
        np.testing.assert_array_equal(record["audio"], expected)
        assert (record["device"], record["city"]) == (b"s1", b"rome")
        assert (record["label"], record["truth"]) == (int(number < 9) if number % 9 < 7 else -1, int(number < 9))


def test_the_table_tells_what_is_known_of_each_record(recordings, data_dir):
    folder = prepare_clips(recordings, data_dir)
    table = table_of(folder)
    assert table["id"].tolist()[:2] == ["park0.wav", "park1.wav"] and len(table) == 18
    assert table["listed"].tolist() == (["train"] * 5 + ["test"] * 2 + ["unlabelled"] * 2) * 2
    assert table["label"].tolist()[6:10] == ["park", "", "", "bus"] and table["truth"].tolist()[6:9] == ["park"] * 3
    assert table["session"][4] == "rome-4" and set(table["rate"]) == {"16000"} and set(table["seconds"]) == {"0.200"}
    audio, _ = soundfile.read(recordings / "park3.wav", dtype="int16")
    assert table["sha256"][3] == hashlib.sha256(audio.tobytes()).hexdigest()
    assert float(table["rms_db"][3]) == pytest.approx(10 * np.log10(np.mean((audio / 32768) ** 2)), abs=0.01)
    assert json.loads((folder / "metadata.json").read_text()) == {"split": "listed", "left_out": [], "odd": []}
    assert np.load(folder / "fingerprints.npy").shape == (18, 0)


def test_shards_join_to_one_split_in_order(recordings, data_dir, monkeypatch):
    monkeypatch.setattr(records, "SHARD_BYTES", 4 * 2 * 3200)
    builder = tfds.builder_from_directory(prepare_clips(recordings, data_dir))
    assert builder.info.splits["clips"].shard_lengths == [4, 4, 4, 4, 2]
    ids = [record["id"].decode() for record in builder.as_data_source("clips")]
    assert ids == [f"{scene}{i}.wav" for scene in ("park", "bus") for i in range(9)]


def test_preparing_twice_gives_the_same_bytes(recordings, tmp_path):
    first, second = (prepare_clips(recordings, tmp_path / name) for name in ("one", "two"))
    assert contents(first) == contents(second)


def left_in(folder):
    """The files in it, but for the lock, which stays."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")


def test_leaves_nothing_but_the_records(recordings, data_dir, capfd):
    folder = prepare_clips(recordings, data_dir)
    assert left_in(data_dir) == sorted(folder.iterdir())
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
    assert table_of(folders[-1])["session"][3] == "rome-33"


def test_reports_progress(recordings, data_dir):
    calls = []
    prepare_clips(recordings, data_dir, progress=lambda *call: calls.append(call))
    sizes = [(recordings / name).stat().st_size for name in table_of(prepare_clips(recordings, data_dir))["id"]]
    assert calls == [(done, 18, sum(sizes[:done])) for done in range(1, 19)]


def spoil(recordings):
    """Two recordings are bad from now on, and one is gone."""
    (recordings / "park5.wav").write_bytes(b"not sound")
    soundfile.write(recordings / "bus0.wav", np.zeros(3200), 16000)
    (recordings / "bus1.wav").unlink()


def test_bad_recordings_are_reported_together_and_leave_nothing(recordings, data_dir):
    spoil(recordings)
    with pytest.raises(PrepareError) as error:
        prepare_clips(recordings, data_dir)
    first, *others = str(error.value).splitlines()
    assert first == (
        "3 bad recordings (1 missing, 1 unreadable, 1 silent): correct them, or leave them out with --skip-bad"
    )
    assert [line.strip().split(":")[0] for line in others] == [
        *("missing", "bus1.wav", "unreadable", "park5.wav", "silent", "bus0.wav")
    ]
    assert left_in(data_dir) == []


def test_bad_recordings_are_left_out_where_that_is_asked_for(recordings, data_dir):
    spoil(recordings)
    folder = prepare_clips(recordings, data_dir, skip_bad=True)
    builder = tfds.builder_from_directory(folder)
    ids = [record["id"].decode() for record in builder.as_data_source("clips")]
    assert ids == table_of(folder)["id"].tolist() and len(ids) == 15
    assert not set(ids) & {"park5.wav", "bus0.wav", "bus1.wav"}
    left_out = json.loads((folder / "metadata.json").read_text())["left_out"]
    assert [(fault["id"], fault["reason"]) for fault in left_out] == [
        *(("bus1.wav", "missing"), ("park5.wav", "unreadable"), ("bus0.wav", "silent"))
    ]
    for again in (recordings / "clips.csv", folder):
        assert prepare("clips", str(again), seconds=0.2, data_dir=str(data_dir), skip_bad=True) == folder
        with pytest.raises(PrepareError, match="^3 bad recordings"):
            prepare("clips", str(again), seconds=0.2, data_dir=str(data_dir))


def test_a_shard_of_bad_recordings_only_is_no_obstacle(recordings, data_dir, monkeypatch):
    monkeypatch.setattr(records, "SHARD_BYTES", 3 * 2 * 3200)
    for number in range(3, 9):
        (recordings / f"park{number}.wav").write_bytes(b"")
    folder = prepare_clips(recordings, data_dir, skip_bad=True)
    source = tfds.builder_from_directory(folder).as_data_source("clips")
    ids = [source[number]["id"].decode() for number in range(len(source))]
    assert ids == table_of(folder)["id"].tolist() and len(ids) == 12


def test_nothing_but_bad_recordings_is_an_error(recordings, data_dir):
    for path in recordings.glob("*.wav"):
        path.write_bytes(b"")
    with pytest.raises(PrepareError, match="^18 bad recordings"):
        prepare_clips(recordings, data_dir, skip_bad=True)
    assert left_in(data_dir) == []


def test_a_mended_recording_is_prepared_anew(recordings, data_dir):
    whole = prepare_clips(recordings, data_dir)
    content = (recordings / "bus1.wav").read_bytes()
    (recordings / "bus1.wav").unlink()
    without = prepare_clips(recordings, data_dir, skip_bad=True)
    (recordings / "bus1.wav").write_bytes(content)
    assert len({whole, without, prepare_clips(recordings, data_dir)}) == 3


def test_prepared_records_need_no_recordings(recordings, data_dir):
    folder = prepare_clips(recordings, data_dir)
    shutil.rmtree(recordings)
    assert prepare("clips", str(folder), seconds=0.2, data_dir=str(data_dir)) == folder


def test_a_disk_too_small_is_noticed_before_the_start(recordings, data_dir, monkeypatch):
    monkeypatch.setattr(records.shutil, "disk_usage", lambda path: types.SimpleNamespace(free=1000))
    monkeypatch.setattr(records, "_Records", lambda *args: pytest.fail("started"))
    with pytest.raises(PrepareError, match="18 clips need 0.0 GB, 0.0 GB are free; make room or choose another"):
        prepare_clips(recordings, data_dir)
    assert left_in(data_dir) == []


def test_an_interruption_leaves_no_records(recordings, data_dir):
    def interrupt(done, total, read):
        if done == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_clips(recordings, data_dir, progress=interrupt)
    assert left_in(data_dir) == []


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
            assert left_in(data_dir) == []
        assert both[0].result(10) == both[1].result(10)
    assert len(calls) == 18


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("speech", "x", 1.0), "there is no data set 'speech': choose scenes, clips, tau2020, tau2022, cas2023"),
        (("clips", None, 1.0), "clips needs recordings"),
        (("clips", "nowhere.csv", 1.0), "nowhere.csv: cannot read the list"),
        (("clips", "x", 0.0), "seconds is 0"),
        (("clips", "x", 1.0, "stretch"), "fit is 'stretch': choose start, repeat, pad, exact"),
    ],
)
def test_wrong_arguments_are_named(data_dir, arguments, message):
    with pytest.raises(PrepareError, match=message):
        prepare(*arguments[:2], **dict(zip(("seconds", "fit"), arguments[2:], strict=False)), data_dir=str(data_dir))
    assert not data_dir.exists()

"""The user's own clips: from a list or a folder to checked clips."""

import os

import numpy as np
import pytest
import soundfile

from data_prep import PrepareError, clips

TWO_SCENES = "a.wav,park,train\nb.wav,bus,train\n"


@pytest.fixture
def folder(tmp_path):
    """A folder in which a.wav to f.wav exist, 0.1 s each, filled with their number and its negative."""
    for number, letter in enumerate("abcdef", 1):
        soundfile.write(tmp_path / f"{letter}.wav", np.tile(np.array([number, -number], np.int16), 800), 16000)
    return tmp_path


def collect(folder, rows, header="filename,scene_label,split", fit="repeat"):
    (folder / "clips.csv").write_text(f"{header}\n{rows}")
    return clips.collect(folder / "clips.csv", 0.25, fit)


def test_reads_a_list_with_splits(folder):
    dataset = collect(
        folder,
        "a.wav,park,train,s1,rome,x,,7\nb.wav,bus,train,,,,bus,\nc.wav,,train,,,,park,\nd.wav,,,,,,,\ne.wav,bus,test,,,,,\n",
        "filename,scene_label,split,device,city,session,truth,fold",
    )
    assert dataset.scenes == ("bus", "park")
    assert [(clip.id, clip.split, clip.scene, clip.labelled) for clip in dataset.clips] == [
        ("a.wav", "train", "park", True),
        ("b.wav", "train", "bus", True),
        ("c.wav", "unlabelled", "park", False),
        ("d.wav", "unlabelled", "", False),
        ("e.wav", "test", "bus", True),
    ]
    first = dataset.clips[0]
    assert (first.device, first.city, first.session, first.columns) == ("s1", "rome", "x", (("fold", "7"),))
    assert np.array_equal(dataset.load(dataset.clips[2]).audio, np.tile([3, -3], 2000))
    assert dataset.split == "listed" and not dataset.faults


@pytest.mark.parametrize(
    ("fit", "audio"), [("repeat", [*range(1, 3001), *range(1, 1001)]), ("pad", [*range(1, 3001), *[0] * 1000])]
)
def test_short_clips_are_filled_as_asked(folder, fit, audio):
    soundfile.write(folder / "a.wav", np.arange(1, 3001, dtype=np.int16), 16000)
    dataset = collect(folder, TWO_SCENES, fit=fit)
    assert dataset.load(dataset.clips[0]).audio.tolist() == audio


@pytest.mark.parametrize("header", ["filename,scene_label", "filename,scene_label,split"])
def test_a_list_without_splits_has_none(folder, header):
    row = header.count(",") * ","
    rows = "".join(
        f"{name}.wav{row}\n".replace(",", f",{scene}", 1)
        for name, scene in zip("abc", ("bus", "park", ""), strict=True)
    )
    dataset = collect(folder, rows, header)
    assert dataset.split is None
    assert [clip.labelled for clip in dataset.clips] == [True, True, False]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("lost.wav,bus,train,", "missing"),
        ("lost\0.wav,bus,train,", "missing"),
        ("../clips/a.wav,bus,train,", "outside the folder"),
        ("/etc/passwd,bus,train,", "outside the folder"),
        ("x/../../a.wav,bus,train,", "outside the folder"),
        (".,bus,train,", "outside the folder"),
        ("sub.wav,bus,train,", "unreadable"),
        ("c.wav,bus,dev,", "unknown split"),
        ("c.wav,bus,,", "unknown split"),
        ("c.wav,,test,", "not labelled"),
        ("c.wav,park,train,bus", "contradiction"),
        ("c.wav,,train,metro", "unknown scene"),
    ],
)
def test_names_what_is_wrong_with_a_row(folder, row, reason):
    (folder / "sub.wav").mkdir()
    dataset = collect(folder, f"a.wav,park,train,\n{row}\nb.wav,bus,train,\n", "filename,scene_label,split,truth")
    assert [(fault.id, fault.reason) for fault in dataset.faults] == [(row.split(",")[0], reason)]
    assert [clip.id for clip in dataset.clips] == ["a.wav", "b.wav"]


def test_all_weights_that_are_none_are_faults(folder):
    rows = "a.wav,park,0.5\nb.wav,bus,\nc.wav,bus,-1\nd.wav,bus,much\ne.wav,bus,nan\nf.wav,,inf\n"
    dataset = collect(folder, rows, "filename,scene_label,weight")
    assert [clip.id for clip in dataset.clips] == ["a.wav", "b.wav"]
    assert [(fault.id, fault.reason) for fault in dataset.faults] == [(f"{name}.wav", "bad weight") for name in "cdef"]


def test_a_clip_that_is_listed_twice_is_kept_once_if_the_rows_agree(folder):
    rows = "a.wav,park,train\na.wav,park,train\nc.wav,park,train\nc.wav,bus,train\nb.wav,bus,train\n"
    dataset = collect(folder, rows)
    assert [(fault.id, fault.reason) for fault in dataset.faults] == [
        ("a.wav", "listed twice"),
        ("c.wav", "listed twice"),
    ]
    assert [clip.id for clip in dataset.clips] == ["a.wav", "b.wav"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a.wav,park,train\nb.wav,park,train\n", r"labelled clips of 1 scenes \['park'\]; at least 2"),
        ("a.wav,,train\n", "labelled clips of 0 scenes"),
        ("", "labelled clips of 0 scenes"),
        (TWO_SCENES + "c.wav,Park,train\n", "scene 'Park' is also written in other case"),
    ],
)
def test_names_what_is_wrong_with_a_list(folder, rows, message):
    with pytest.raises(PrepareError, match=message):
        collect(folder, rows)


@pytest.mark.parametrize(
    ("listed", "there"),
    [
        ("x.wav", "x.WAV"),
        ("x.MP3", "x.mp3"),
        ("caf\u00e9 n\u00ba 1.wav", "cafe\u0301 n\u00ba 1.WAV"),
        ("sub dir/x y.wav", "sub dir/x y.wav"),
        ("./sub dir//x.wav", "sub dir/x.wav"),
    ],
)
def test_finds_files_however_they_are_written(folder, listed, there):
    path = folder / there
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, np.tile([0.1, -0.1], 800), 16000)
    dataset = collect(folder, TWO_SCENES + f"{listed},bus,train\n")
    assert not dataset.faults
    assert dataset.load(dataset.clips[2]).rate == 16000


def test_reads_a_folder(tmp_path):
    for i in range(5):
        write_hum(tmp_path / "Bus" / f"{i}.WAV")
        write_hum(tmp_path / "city park" / "visit" / f"{i}.flac")
    write_hum(tmp_path / "unlabelled" / "x.wav")
    write_hum(tmp_path / "y.ogg")
    (tmp_path / "Bus" / "notes.txt").write_text("not sound")
    (tmp_path / "Bus" / "._0.WAV").write_text("macOS leaves these")
    dataset = clips.collect(tmp_path, 0.1, "start")
    assert dataset.scenes == ("Bus", "city park") and dataset.split is None
    assert [clip.id for clip in dataset.clips if not clip.labelled] == ["unlabelled/x.wav", "y.ogg"]
    assert len(dataset.clips) == 12
    assert dataset.load(dataset.clips[-1]).audio.shape == (1600,)


def test_says_when_a_folder_holds_no_clips(tmp_path):
    with pytest.raises(PrepareError, match="no recording .it is empty."):
        clips.collect(tmp_path, 1, "start")


def write_hum(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.tile([0.1, -0.1], 800), 16000)


def with_files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / "new", np.tile([0.1, -0.1], 800), 16000, format="WAV")
        (folder / "new").rename(folder / name)
    return clips.collect(folder, 0.1, "start")


def known(dataset):
    return [(clip.split, clip.scene, clip.session) for clip in dataset.clips]


def test_folders_of_splits_hold_the_scenes(tmp_path):
    labelled = ("Train/bus/a.wav", "Train/park/deep/b.wav", "test/bus/c.wav", "val/park/d.wav")
    dataset = with_files(tmp_path, *labelled, "loose.wav", "unlabelled/e.wav", "Train/unlabelled/f.wav")
    assert dataset.scenes == ("bus", "park") and dataset.split == "listed"
    assert sorted(known(dataset)) == [
        *[("test", "bus", ""), ("train", "bus", ""), ("train", "park", "")],
        *[("unlabelled", "", "")] * 3,
        ("validation", "park", ""),
    ]


def test_folds_are_kept_together_as_sessions(tmp_path):
    names = [f"{fold}/{scene}/a.wav" for fold in ("fold1", "Fold_2", "fold 3") for scene in ("bus", "park")]
    dataset = with_files(tmp_path, *names)
    assert dataset.scenes == ("bus", "park") and dataset.split is None
    assert {clip.session for clip in dataset.clips} == {"fold1", "Fold_2", "fold 3"}


@pytest.mark.parametrize(
    "names",
    [
        ("train/a.wav", "test/b.wav"),
        ("train/bus/a.wav", "test/b.wav"),
        ("train/bus/a.wav", "park/b.wav"),
        ("fold1/a.wav", "fold2/b.wav"),
    ],
)
def test_splits_and_folds_are_never_scenes(tmp_path, names):
    with pytest.raises(PrepareError, match=r"(train|fold1).* (split|fold)s, not scenes"):
        with_files(tmp_path, *names)


def test_trains_are_a_scene_among_others(tmp_path):
    assert with_files(tmp_path, "train/a.wav", "bus/b.wav").scenes == ("bus", "train")


def test_names_that_are_no_text_are_faults(tmp_path):
    dataset = with_files(tmp_path, "bus/a.wav", "park/b.wav", os.fsdecode(b"park/caf\xe9.wav"))
    assert len(dataset.clips) == 2
    assert [(fault.id, fault.reason) for fault in dataset.faults] == [("park/caf\\xe9.wav", "unreadable name")]


def test_what_is_passed_over_is_a_note(tmp_path):
    (tmp_path / "a.txt").touch()
    assert with_files(tmp_path, "bus/a.wav", "park/b.wav").notes == (f"{tmp_path}: passed over: 1 .txt",)


def test_bad_rows_are_not_hidden_behind_a_lack_of_scenes(folder):
    with pytest.raises(PrepareError, match="1 rows are bad, such as a.wav: 'dev' is none of train"):
        collect(folder, "a.wav,park,dev\nb.wav,bus,train\n")


def test_one_file_in_two_spellings_is_listed_twice(folder):
    (fault,) = collect(folder, "a.wav,park,train\n./a.wav,park,train\nb.wav,bus,train\n").faults
    assert fault.reason == "listed twice" and "agree" not in fault.detail


def test_columns_of_dcase_are_known(folder):
    rows = "a.wav\tpark\tly\u200bon-12\ta\u00a0\nb.wav\tbus\t7\tb\n"
    (folder / "clips.csv").write_text(f"filename\tscene_label\tidentifier\tsource_label\n{rows}")
    dataset = clips.collect(folder / "clips.csv", 0.1, "start")
    assert [(clip.session, clip.city, clip.device) for clip in dataset.clips] == [
        ("lyon-12", "lyon", "a"),
        ("7", "", "b"),
    ]


def test_labels_that_look_alike_are_alike(folder):
    labels = ("Caf\u00e9,Train", "Cafe\u0301,training", "Caf\u00e9\u200b,val", "\u00a0Caf\u00e9,TEST", "x\u00a0y,test")
    rows = "".join(f"{name}.wav,{label}\n" for name, label in zip("abcde", labels, strict=True))
    dataset = collect(folder, rows)
    assert dataset.scenes == ("Caf\u00e9", "x y")
    assert [clip.split for clip in dataset.clips] == ["train", "train", "validation", "test", "test"]


@pytest.mark.parametrize(
    "text",
    [
        "filename,scene_label\ra.wav,park\rb.wav,bus\r",
        "sep=;\r\nfilename;scene_label\r\na.wav;park\r\nb.wav;bus\r\n",
        "filename,scene_label\n.\\a.wav,park\nsub\\deep\\b.wav,bus\n",
    ],
)
def test_lists_of_other_programs(folder, text):
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "sub" / "deep" / "b.wav").write_bytes((folder / "b.wav").read_bytes())
    (folder / "clips.csv").write_bytes(text.encode())
    dataset = clips.collect(folder / "clips.csv", 0.1, "start")
    assert len(dataset.clips) == 2 and not dataset.faults


@pytest.mark.parametrize(
    "header",
    [
        *("file,label,set,microphone,session_id", "Path,Class,Split,Device,Session"),
        *("audio_file,category,subset,recorder,session", "File Name,Scene Label,partition,source_label,SESSION"),
    ],
)
def test_columns_have_the_names_that_people_give_them(folder, header):
    dataset = collect(folder, "a.wav,park,valid,s1,x\nb.wav,bus,train,s2,y\n", header)
    assert [(clip.id, clip.scene, clip.split, clip.device, clip.session) for clip in dataset.clips] == [
        ("a.wav", "park", "validation", "s1", "x"),
        ("b.wav", "bus", "train", "s2", "y"),
    ]
    assert not dataset.faults and not dataset.clips[0].columns


def test_two_columns_for_one_thing_are_ambiguous(folder):
    with pytest.raises(PrepareError, match="the columns 'filename' and 'path' both mean 'filename': rename or delete"):
        collect(folder, "a.wav,x/a.wav,park\n", "filename,path,scene_label")
    with pytest.raises(PrepareError, match="the columns 'Label' and 'category' both mean 'scene_label'"):
        collect(folder, "a.wav,1,park\n", "file,Label,category")

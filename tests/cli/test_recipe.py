import dataclasses
import json
import pathlib
import shutil

import jax
import numpy as np
import pytest
import soundfile

import asc_jax
from asc_jax.cli import main, recipe
from asc_jax.cli.calibrate import calibrate_once
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.step import create_state
from experiments import few_labels


@pytest.mark.long
def test_from_a_folder_to_a_report(recordings, tmp_path, monkeypatch, quickest_to_compile, capsys):
    """With two steps of a small network, and fresh weights in place of the shipped ones."""
    phase = dataclasses.replace(few_labels.experiment.finetune, steps=2)
    monkeypatch.setattr(few_labels, "experiment", dataclasses.replace(few_labels.experiment, finetune=phase))
    monkeypatch.setattr(
        "asc_jax.train.rounds.shipped",
        lambda network: create_state(SceneNet(2, network), 16_000, jax.random.key(0)).variables,
    )
    monkeypatch.chdir(tmp_path)
    model = asc_jax.fit(recordings, "runs/mine")
    rounds = json.loads((tmp_path / "runs" / "mine" / "scores.json").read_text())
    assert [each["round"] for each in rounds] == ["pretrain", "finetune-1"]
    output = capsys.readouterr().out
    assert output.endswith("runs/mine/report/report.html\n") and output.count("Test, margin-free") == 1
    assert model.scenes == ("hiss", "hum")


@pytest.fixture
def commands(monkeypatch):
    """The trainings that would be run; none is."""
    found = []
    monkeypatch.setattr(recipe, "run_rounds", lambda command, training: found.append((command, training)))
    monkeypatch.setattr(recipe, "evaluate", lambda _: None)
    monkeypatch.setattr(recipe, "report", lambda _: None)
    return found


def run(folder, tmp_path, monkeypatch, *options):
    monkeypatch.chdir(tmp_path)
    main(["train", str(folder), "--out", "runs/mine", *options])


def test_a_dry_run_stops_after_the_plan(recordings, tmp_path, monkeypatch, commands, capsys):
    run(recordings, tmp_path, monkeypatch, "--dry-run")
    plan = capsys.readouterr().out
    assert "runs/mine: pretrain, finetune. 14 clips of 1 s; tested is session" in plan
    assert not commands and not (tmp_path / "runs").exists()
    counts = [line.split("│")[2:4] for line in plan.splitlines() if "hum" in line or "hiss" in line]
    assert sum(int(count) for row in counts for count in row) == 14


def test_unlabelled_clips_are_pseudo_labelled_from_class_means(recordings, tmp_path, monkeypatch, commands):
    (recordings / "unlabelled").mkdir()
    for number in range(30):
        audio = np.random.default_rng(number).normal(0, 0.1, 16_000)
        soundfile.write(recordings / "unlabelled" / f"{number}.wav", audio, 16_000)
    run(recordings, tmp_path, monkeypatch)
    assert [command for command, _ in commands] == ["pretrain", "pseudolabel"]
    experiment = commands[-1][1].experiment
    assert (experiment.seconds, experiment.finetune_rounds, experiment.workdir) == (1, 0, "runs/mine")
    assert commands[-1][1].phase.batch_size == 32


def test_a_validation_split_calibrates_the_run(recordings, tmp_path, monkeypatch, commands, capsys):
    calibrated = []
    monkeypatch.setattr(recipe, "calibrate_once", calibrated.append)
    splits = ("train", "train", "train", "train", "validation", "validation", "test")
    path = as_list(recordings, scene_label=scene, split=lambda number, name: splits[number % 7])
    run(path, tmp_path, monkeypatch, "--dry-run")
    plan = capsys.readouterr().out
    assert "The confidence is not calibrated on 4 validation clips: too few, it needs 20." in plan and not calibrated
    run(path, tmp_path, monkeypatch)
    assert calibrated == [pathlib.Path("runs/mine")]


def test_a_run_is_calibrated_once_and_trained_without_if_it_cannot_be(write_round, made_up, tmp_path, capsys):
    folder = write_round(tmp_path / "run", "finetune-1", made_up())
    calibrate_once(tmp_path / "run")
    assert "asc-jax: not calibrated: " in capsys.readouterr().err
    (folder / "calibration.json").touch()
    calibrate_once(tmp_path / "run")
    assert not capsys.readouterr().err


def test_labelled_clips_alone_are_finetuned_on(recordings, tmp_path, monkeypatch, commands):
    run(recordings, tmp_path, monkeypatch, "--pretrain")
    assert [command for command, _ in commands] == ["pretrain", "finetune"]
    experiment = commands[0][1].experiment
    assert (experiment.source, experiment.synthesis.steps, experiment.finetune_rounds) == ("synthesis", 400, 1)
    assert {training.phase.batch_size for _, training in commands} == {8}  # of 11 clips


def test_a_run_of_ones_own_takes_the_place_of_pretraining(recordings, tmp_path, monkeypatch, commands):
    monkeypatch.setattr("asc_jax.train.rounds._before", lambda *_: None)  # there is no such run
    run(recordings, tmp_path, monkeypatch, "--start", "runs/other")
    assert [command for command, _ in commands] == ["finetune"]


def test_cross_validation_trains_a_run_for_each_fold(recordings, tmp_path, monkeypatch, commands, capsys):
    monkeypatch.chdir(tmp_path)
    path = as_list(recordings, scene_label=scene, device=lambda number, name: f"phone{number % 3}")
    opened = []
    monkeypatch.setattr("data_prep.lengths.lengths", lambda recordings: opened.append(recordings) or [1.0])
    main(["train", str(path), "--out", "runs/mine", "--cross-validate", "device", "--dry-run"])
    assert opened == [str(path)]  # once, not for each fold
    plans = [line for line in capsys.readouterr().out.splitlines() if line.startswith("runs/mine")]
    assert [plan.split(":")[0] for plan in plans] == [f"runs/mine/device-phone{number}" for number in range(3)]
    assert all(f"tested is device phone{number}." in plan for number, plan in enumerate(plans))


@pytest.mark.parametrize(
    ("lengths", "seconds"),
    [
        ([10.2] * 9, 10),
        ([30.0], 10),
        ([4.99, 5.0, 7.0], 5),  # the shortest starts over
        ([0.3] + [5.0] * 8, 5),
        ([0.4] * 2 + [5.0] * 40, 5),  # few of many are accidents
        ([0.2, 0.3], 1),
    ],
)
def test_clips_are_as_long_as_nearly_all_recordings(lengths, seconds):
    assert recipe.clip_length(lengths) == seconds


def as_list(recordings, **columns):
    """The folder's recordings as a list with more columns; a function of (number, scene) gives a value."""
    files = sorted(recordings.rglob("*.wav"))
    lines = [["filename", *columns]]
    for number, file in enumerate(files):
        values = [value(number, file.parent.name) for value in columns.values()]
        lines.append([str(file.relative_to(recordings)), *values])
    path = recordings / "list.csv"
    path.write_text("\n".join(map(",".join, lines)))
    return path


def error_of(capsys, *arguments):
    """What `train` prints, beside the progress of preparing, when it stops with exit status 2."""
    with pytest.raises(SystemExit) as stop:
        main(["train", "--out", "runs/mine", *arguments])
    assert stop.value.code == 2
    return capsys.readouterr().err


def scene(number, name):
    return name


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"place": scene}, (), "no column 'scene_label'"),
        ({"scene_label": lambda number, name: "hum"}, (), "labelled clips of 1 scenes"),
        ({"scene_label": lambda number, name: ""}, (), "labelled clips of 0 scenes"),
        ({"scene_label": lambda number, name: name if number in (0, 13) else ""}, (), "too few labelled clips"),
        ({"scene_label": scene, "session": lambda number, name: "s1"}, (), "too few labelled clips"),
        ({"scene_label": scene, "split": lambda number, name: "practice"}, (), "'practice'"),
        ({"scene_label": scene, "split": lambda number, name: "train"}, (), "no clips in split 'test'"),
        ({"scene_label": scene}, ("--split", "city"), "the city of no clip is known"),
        ({"scene_label": scene, "session": lambda number, name: f"{number}"}, ("--test-fold", "9"), "choose 1 to 5"),
        ({"scene_label": scene}, ("--seconds", "0.01"), "--seconds 0.01: must be 0.1 or more"),
        (
            {"scene_label": scene, "weight": lambda number, name: "-1" if number < 2 else ""},
            (),
            "2 bad recordings (2 bad weight)",
        ),
        ({"scene_label": scene}, ("--pretrain", "--start", "runs/other"), "leave out --pretrain"),
        (
            {"scene_label": scene},
            ("--start", "runs/nope"),
            "runs/nope: there is no such run; name the folder of a run",
        ),
        ({"scene_label": scene}, ("--start", "clips"), "no round has finished"),
        ({"scene_label": scene}, ("--start", "runs/mine"), "is the run that --out names"),
        ({"scene_label": scene}, ("--cross-validate", "device"), "clips of 0 device folds"),
        ({"scene_label": scene}, ("--cross-validate", "session", "--test-fold", "1"), "leave out --split"),
        ({"scene_label": scene}, ("--out", "clips/list.csv"), "is, or is in, a file"),
    ],
)
def test_what_would_fail_later_is_refused_before_any_training(
    recordings, tmp_path, monkeypatch, commands, capsys, columns, options, message
):
    monkeypatch.chdir(tmp_path)
    path = as_list(recordings, **columns)
    assert message in error_of(capsys, str(path), *options) and not commands


def test_a_folder_with_other_settings_is_refused_before_any_training(
    recordings, tmp_path, monkeypatch, commands, capsys, write_round, made_up
):
    monkeypatch.chdir(tmp_path)
    write_round(tmp_path / "runs" / "mine", "finetune-1", made_up())
    assert "choose another folder for this run" in error_of(capsys, str(recordings)) and not commands
    error = error_of(capsys, str(recordings), "--cross-validate", "session")
    assert "holds a run; choose another folder" in error and not commands


def test_what_is_left_out_or_not_tested_is_in_the_plan(recordings, tmp_path, monkeypatch, commands, capsys):
    (recordings / "hum" / "0.wav").write_bytes(b"RIFF")
    for number in (2, 4, 6, 8, 10):
        (recordings / "hum" / f"{number}.wav").unlink()
    run(recordings, tmp_path, monkeypatch, "--skip-bad", "--dry-run")
    plan = capsys.readouterr().out
    assert "1 bad recordings left out (hum/0.wav)" in plan
    assert "Not tested: hum (--cross-validate session" in plan


def test_validation_clips_are_in_the_plan(recordings, tmp_path, monkeypatch, commands, capsys):
    monkeypatch.chdir(tmp_path)
    splits = [*["train"] * 4, "test", "val", "val"] * 2
    path = as_list(recordings, scene_label=scene, split=lambda number, name: splits[number])
    main(["train", str(path), "--out", "runs/mine", "--dry-run"])
    header, *rows = [
        [cell.strip() for cell in line.replace("┃", "│").split("│")[1:-1]]
        for line in capsys.readouterr().out.splitlines()
        if line[:1] in "┃│" and line
    ]
    assert header == ["scene", "training clips", "validation clips", "test clips"]
    assert [row[1:] for row in rows[:2]] == [["4", "2", "1"]] * 2


def test_recordings_that_are_bad_or_absent_are_refused(recordings, tmp_path, monkeypatch, commands, capsys):
    monkeypatch.chdir(tmp_path)
    assert "absent" in error_of(capsys, "absent")
    shutil.copy(recordings / "hum" / "0.wav", recordings / "hum" / "long.wav")
    (recordings / "hum" / "0.wav").write_bytes(b"RIFF")
    assert "hum/0.wav" in error_of(capsys, str(recordings)) and not commands


def test_options_are_those_of_the_experiment():
    """What has the same name here and in an experiment has the same default."""
    from experiments.few_labels import experiment

    here = {field.name: field.default for field in dataclasses.fields(recipe.TrainOptions)}
    for name in ("skip_bad", "split", "test_fold", "start", "seed"):
        assert here[name] == getattr(experiment, name)

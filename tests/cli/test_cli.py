"""The command line as a user meets it."""

import json

import pytest
from commands import error_of

from asc_jax.cli import experiments, main

COMMANDS = ("pretrain", "finetune", "pseudolabel", "scratch")
RUN_COMMANDS = ("evaluate", "compare", "report", "predict", "embed", "card", "export", "export-weights", "complexity")
DATA_COMMANDS = ("prepare", "data check", "data describe")


@pytest.mark.parametrize("asked", [["--help"], ["data", "--help"]])
def test_help_names_every_command_and_experiment(asked, capsys):
    main(asked)
    output = capsys.readouterr().out
    assert all(f"\n  {command} " in output for command in (*COMMANDS, *DATA_COMMANDS, *RUN_COMMANDS))
    assert all(name in output for name in (*experiments(), "tau2020", "cas2023", "clips", "scenes"))


def help_of(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main([*arguments, "--help"])
    assert stop.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_explains_its_options(command, capsys):
    output = help_of(capsys, command, "demo")
    assert all(option in output for option in ("--workdir", "--split", "--cache", "--skip-bad", "--epochs"))


@pytest.mark.parametrize("command", DATA_COMMANDS)
def test_help_of_every_data_command_explains_its_options(command, capsys):
    output = help_of(capsys, *command.split())
    assert all(option in output for option in ("--seconds", "--fit", "--skip-bad", "--data-dir", "tau2020"))
    assert ("--test-fold" in output) == (command != "prepare")


@pytest.mark.parametrize("command", RUN_COMMANDS)
def test_help_of_every_run_command_explains_its_options(command, capsys):
    assert "Folder" in help_of(capsys, command)


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["fly"], ["data"], ["data", "fly"], ["prepare"], ["prepare", "nothing"], ["evaluate"]),
        *(["pretrain", "nothing"], ["pretrain", "demo", "--epochs", "many"]),
    ],
)
def test_wrong_words_exit_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


def test_what_is_missing_is_named(capsys, tmp_path):
    places = ["--workdir", str(tmp_path / "run"), "--data-dir", str(tmp_path / "data")]
    assert "there is no such run" in error_of(capsys, "evaluate", str(tmp_path / "run"))
    assert "no round has finished" in error_of(capsys, "compare", str(tmp_path), str(tmp_path))
    assert "say where clips is: --clips FOLDER" in error_of(capsys, "finetune", "esc10", *places)
    assert "clips needs recordings" in error_of(capsys, "prepare", "clips", *places[2:])
    assert "without --distributed" in error_of(capsys, "pretrain", "demo", "--processes", "2", *places)
    weights = ["import-weights", "model.ckpt", "--out", str(tmp_path / "run"), "--records", str(tmp_path)]
    assert "no prepared records" in error_of(capsys, *weights)
    missing = str(tmp_path / "missing.csv")
    assert "missing.csv" in error_of(capsys, "finetune", "esc10", "--clips", missing, *places)


@pytest.fixture
def options(tmp_path):
    return ["--seconds", "1", "--data-dir", str(tmp_path / "data")]


def test_recordings_are_prepared_checked_and_described(recordings, options, tmp_path, capsys):
    main(["prepare", "clips", str(recordings), *options])
    output = capsys.readouterr()
    folder = output.out.strip()
    assert (tmp_path / folder / "clips.csv").exists()
    assert "14/14" in output.err and "clips/s" in output.err
    for source in (str(recordings), folder):
        main(["data", "check", "clips", source, *options])
        output = capsys.readouterr()
        row = [cell.strip() for cell in output.out.splitlines()[-2].split("│")[1:-1]]
        assert row[:3] == ["test", "train", "3"] and row[3:6] == ["not known", "0", "not known"]
        assert output.err == ""
    main(["data", "describe", "clips", folder, *options, "--picture", str(tmp_path / "picture.svg")])
    assert "14" in capsys.readouterr().out and (tmp_path / "picture.svg").stat().st_size > 10_000
    closed = "/sys/picture.svg"  # where not even root may write
    assert closed in error_of(capsys, "data", "describe", "clips", folder, *options, "--picture", closed)


def test_bad_recordings_are_listed_under_one_line(recordings, options, tmp_path, capsys):
    (recordings / "hum" / "bad.wav").write_text("not sound")
    with pytest.raises(SystemExit) as stop:
        main(["prepare", "clips", str(recordings), *options])
    assert stop.value.code == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "preparing" not in line]
    assert lines[0].startswith("asc-jax: 1 bad recordings (1 unreadable)") and "hum/bad.wav" in lines[2]
    main(["prepare", "clips", str(recordings), *options, "--skip-bad"])


def test_a_run_is_evaluated_and_compared(write_round, made_up, tmp_path, capsys):
    for seed in (0, 1):
        write_round(tmp_path / str(seed), "scratch", made_up(right=0.5, seed=seed), seed)
        write_round(tmp_path / str(seed), "finetune-1", made_up(right=0.9, seed=seed), seed)
    run = tmp_path / "0"
    main(["evaluate", str(run), "--protocol", "released"])
    output = capsys.readouterr().out
    assert "released" in output and "finetune-1, device" in output and "leak check" in output
    assert [each["round"] for each in json.loads((run / "scores.json").read_text())] == ["scratch", "finetune-1"]
    assert "pretrain has not finished" in error_of(capsys, "evaluate", str(run), "--round", "pretrain")
    main(["compare", str(run / "scratch"), str(run)])
    assert "The second is better" in " ".join(capsys.readouterr().out.split())
    main(["compare", str(run), str(tmp_path / "1")])
    assert "Only the seed differs" in " ".join(capsys.readouterr().out.split())


def test_records_of_another_length_are_refused(recordings, options, tmp_path, capsys):
    main(["prepare", "clips", str(recordings), *options])
    folder = capsys.readouterr().out.strip()
    places = ["--workdir", str(tmp_path / "run"), "--data-dir", str(tmp_path / "data"), "--seconds", "2"]
    assert "clips are of 1 s" in error_of(capsys, "scratch", "esc10", "--clips", folder, *places)

"""The command line as a user meets it."""

import json
import re
from importlib.metadata import version

import jax
import pytest
from commands import error_of

from asc_jax.cli import experiments, main
from asc_jax.cli.bench import Benchmark
from asc_jax.cli.common import COMMON
from asc_jax.cli.data import Recordings
from asc_jax.cli.spelling import check_arguments
from asc_jax.cli.training import Training

COMMANDS = ("pretrain", "finetune", "pseudolabel", "scratch")
RUN_COMMANDS = (
    *("evaluate", "compare", "report", "predict", "embed", "listen"),
    *("card", "export", "export-weights", "complexity"),
)
DATA_COMMANDS = ("prepare", "data check", "data describe")


@pytest.mark.parametrize("asked", [["--help"], ["--help-all"], ["data", "--help"]])
def test_help_names_every_command_and_experiment(asked, capsys):
    main(asked)
    output = capsys.readouterr().out
    assert all(f"\n  {command} " in output for command in (*COMMANDS, *DATA_COMMANDS, *RUN_COMMANDS))
    assert all(name in output for name in (*experiments(), "tau2020", "cas2023", "clips", "scenes"))


def help_of(capsys, *arguments, option="--help"):
    with pytest.raises(SystemExit) as stop:
        main([*arguments, option])
    assert stop.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_explains_the_options_that_most_people_need(command, capsys):
    output = help_of(capsys, command, "few_labels")
    shown = set(re.findall(r"^[^\w\n-]*(--[a-z][a-z-]+)", output, re.MULTILINE))
    needed = {"--clips", *(f"--{name.replace('_', '-')}" for name in COMMON)}
    assert shown == needed and len(shown) == 10 and "--help-all" in output


@pytest.mark.parametrize("command", COMMANDS)
def test_all_options_are_explained_on_request(command, capsys):
    output = help_of(capsys, command, "demo", option="--help-all")
    assert all(option in output for option in ("--workdir", "--cache", "--epochs", "--dir-prob", "--synthesis-steps"))


def test_the_data_of_an_experiment_are_among_the_options_that_it_needs(capsys):
    output = help_of(capsys, "finetune", "paper")
    assert "--tau2020" in output and "--cas2023" in output and "--clips" not in output


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


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["pretrian", "demo"], "pretrain"),
        (["data", "chek", "clips"], "data check"),
        (["pretrain", "dmeo"], "demo"),
        (["pretrain", "demo", "--cache", "dvice"], "device"),
        (["pretrain", "demo", "--source=scene"], "scenes"),
        (["prepare", "clps", "recordings"], "clips"),
        (["export", "runs/demo", "--format", "onxn"], "onnx"),
        (["bench", "train", "evla"], "eval"),
        (["bench", "--experiment", "relased"], "released"),
        (["complexity", "relased"], "released"),
        (["import-weights", "model.ckpt", "--out", "run", "--scenes", "tau2021"], "tau2020"),
    ],
)
def test_misspelt_words_are_answered_with_the_nearest(arguments, meant, capsys):
    assert f"did you mean '{meant}'?" in error_of(capsys, *arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "runs/demo", "a.wav", "--formt", "csv"], "there is no option --formt; did you mean '--format'?"),
        (["train", "a", "--outt=b"], "there is no option --outt; did you mean '--out'?"),
        (["pretrain", "demo", "--lr", "3"], "there is no option --lr; --help-all lists them"),
        (["pretrain", "demo", "--name", "x"], "there is no option --name"),  # which the experiment states
        (["fly"], "there is no command 'fly'; 'asc-jax --help' lists all"),
        (["data", "fly"], "there is no command 'data fly'; 'asc-jax --help' lists all"),
        (["ensemble", "runs/a", "runs/a", "--out", "x"], "needs two runs or more, each once: asc-jax ensemble RUN RUN"),
        (["data"], "after 'data' comes check or describe; 'asc-jax --help' lists all commands"),
        (["pretrain"], "needs an experiment first: choose demo, "),
        (["pretrain", "--epochs", "3"], "needs an experiment first: choose demo, "),
        (["predict"], "Missing from asc-jax predict: PATH Folder of a run"),
        (["train", "recordings"], "Missing from asc-jax train: --out STR Folder of the new run."),
        (["evaluate", "runs/demo", "again"], "asc-jax evaluate does not take 'again'; 'asc-jax evaluate --help'"),
        (["pretrain", "demo", "-x"], "asc-jax pretrain does not take '-x'"),
        (["pretrain", "demo", "--epochs", "many"], "--epochs many: must be a whole number"),
        (["predict", "runs/demo", "a.wav", "--hop=x"], "--hop x: must be a number"),
        (["listen", "runs/demo", "--report", "1.5"], "--report 1.5: must be a whole number"),
        (["pretrain", "demo", "--hop", "300"], "--hop 300: choose 128, 256, 512"),
        (["pretrain", "demo", "--workdir"], "--workdir: a value must follow it"),
        (["export", "runs/demo", "--format", "--out", "x"], "--format: choose stablehlo, onnx"),
        (["data", "check", "clips", "list.csv", "--seconds"], "--seconds: a value must follow it"),
    ],
)
def test_wrong_words_are_named_in_one_line(arguments, message, capsys):
    assert message in error_of(capsys, *arguments)


@pytest.mark.parametrize("command", [*RUN_COMMANDS, *DATA_COMMANDS, "train", "ensemble", "import-weights", "bench"])
def test_all_options_of_other_commands_are_those_of_their_help(command, capsys):
    assert help_of(capsys, *command.split(), option="--help-all") == help_of(capsys, *command.split())


def test_words_that_are_right_pass():
    check_arguments(Training, ["demo", "--cache", "device", "--epochs", "3", "--fit=pad", "--synthesis-steps", "20"])
    check_arguments(Training, ["demo", "--skip_bad", "--no-debug-nans", "--teachers", "--time-shift", "-1"])
    check_arguments(Training, ["demo", "--hop", "256", "--bands=64", "--width", "0.35"])
    check_arguments(Benchmark, ["train", "eval", "--experiment", "demo"])
    check_arguments(Recordings, ["clips", "clps", "--fit", "pad"])


def test_the_version_is_that_of_the_package_and_of_jax(capsys):
    main(["--version"])
    first, second = capsys.readouterr().out.splitlines()
    assert f"asc_jax {version('asc_jax')}" in first and f"jax {jax.__version__}" in first and "cpu" in second


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

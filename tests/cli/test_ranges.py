"""Values that no training can have are refused in one line, before a folder is made."""

import pytest
from commands import error_of


@pytest.mark.parametrize(
    "options",
    [
        *(["--learning-rate", each] for each in ("-1", "0", "nan", "inf")),
        *(["--min-learning-rate", each] for each in ("-1", "nan")),
        *(["--weight-decay", each] for each in ("-0.1", "inf")),
        *(["--time-shift", each] for each in ("-1", "1.5", "nan")),
        *(["--dir-prob", each] for each in ("-0.1", "2")),
        *(["--freq-mixstyle-prob", each] for each in ("-1", "2", "nan")),
        *(["--seconds", each] for each in ("nan", "0", "-1", "inf")),
        *(["--epochs", each] for each in ("0", "-3")),
        *(["--checkpoint-every", "0"], ["--batch-size", "1"], ["--seed", "-1"], ["--scenes-seed", "-1"]),
        *(["--finetune-rounds", "-1"], ["--steps", "-1"]),
        *(["--residual-normalisation", "2"], ["--wavegram-filters", "0"], ["--width", "0"], ["--depth", "0"]),
        *(["--synthesis-steps", "-1"], ["--synthesis-pairs", "1"], ["--synthesis-seconds", "0"]),
        *(["--synthesis-seconds", "1e9"], ["--teacher-temperature", "1e-310"]),
        *(["--synthesis-temperature", "0"], ["--synthesis-learning-rate", "nan"]),
        *(["--teacher-temperature", "0"], ["--teacher-weight", "-1"]),
    ],
)
def test_values_out_of_range(options, tmp_path, capsys):
    message = error_of(capsys, "pretrain", "demo", *options, "--workdir", str(tmp_path / "run"))
    assert options[0] in message and "must be" in message
    assert list(tmp_path.iterdir()) == []


def test_sounds_are_as_long_as_clips_where_a_network_knows_frames(tmp_path, capsys):
    options = ("--synthesis-steps", "20", "--workdir", str(tmp_path / "run"))
    message = error_of(capsys, "pretrain", "demo", *options)
    assert message.count("\n") <= 1 and "use --synthesis-seconds 2 or --mean-over-time" in message


def test_synthesis_alone_needs_its_steps(tmp_path, capsys):
    message = error_of(capsys, "pretrain", "few_labels", "--source", "synthesis", "--workdir", str(tmp_path / "run"))
    assert "such as --synthesis-steps 400" in message


def test_shipped_weights_are_not_trained_further(tmp_path, capsys):
    message = error_of(capsys, "pretrain", "few_labels", "--synthesis-steps", "20", "--workdir", str(tmp_path / "run"))
    assert message.count("\n") <= 1 and "use --source synthesis" in message


def test_a_folder_that_is_a_file(tmp_path, capsys):
    (tmp_path / "file").touch()
    for place in ("file", "file/below"):
        for option in ("--workdir", "--data-dir"):
            assert "name a folder" in error_of(capsys, "pretrain", "demo", option, str(tmp_path / place))


def test_a_start_is_for_finetuning(tmp_path, capsys):
    assert "finetune and pseudolabel take it" in error_of(capsys, "pretrain", "demo", "--start", str(tmp_path))

import sys

import pytest
from commands import error_of

from asc_jax.cli import main


def test_what_can_be_predicted_is_shown_and_the_rest_reported(folder, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["predict", str(folder / "run"), f"{folder}/*.wav"])
    captured = capsys.readouterr()
    assert stop.value.code == 1 and captured.err.count("\n") == 1 and "bad.wav: unreadable" in captured.err
    assert "1.wav" in captured.out and "2.wav" in captured.out


@pytest.mark.parametrize("out", [False, True])
def test_where_all_are_bad_there_is_a_line_each_and_no_table(folder, capsys, out):
    paths = [str(folder / name) for name in ("bad.wav", "missing.wav", "missing.flac")]
    options = ["--out", str(folder / "table.csv")] if out else []
    with pytest.raises(SystemExit) as stop:
        main(["predict", str(folder / "run"), *paths, *options])
    captured = capsys.readouterr()
    assert stop.value.code == 2 and captured.out == "" and not (folder / "table.csv").exists()
    lines = captured.err.splitlines()
    assert [line.split(": ")[1] for line in lines] == paths and "missing" in lines[2]


def test_predictions_that_nobody_can_see_are_refused(folder, capsys, monkeypatch):
    monkeypatch.setattr(sys, "__stdout__", None)  # as Python finds a closed one
    assert "standard output is closed" in error_of(capsys, "predict", str(folder / "run"), str(folder / "1.wav"))
    main(["predict", str(folder / "run"), str(folder / "1.wav"), "--out", str(folder / "table.csv")])

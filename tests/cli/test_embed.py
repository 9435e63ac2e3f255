import pandas
import pytest
from commands import error_of

from asc_jax.cli import main


def test_what_can_be_embedded_is_written_and_the_rest_reported(folder, capsys):
    out = folder / "x.parquet"
    with pytest.raises(SystemExit) as stop:
        main(["embed", str(folder / "run"), f"{folder}/*.wav", "--out", str(out)])
    captured = capsys.readouterr()
    assert stop.value.code == 1 and "bad.wav: unreadable" in captured.err and captured.out.strip() == str(out)
    assert pandas.read_parquet(out)["file"].tolist() == [f"{folder}/{number}.wav" for number in (1, 2)]
    main(["embed", str(folder / "run"), f"{folder}/1.wav", "--out", str(out), "--windows", "--hop", "0.25"])
    assert pandas.read_parquet(out)["start"].tolist() == [0, 0.25, 0.5]


def test_nothing_is_written_where_nothing_can_be(folder, capsys):
    run, bad, out = str(folder / "run"), str(folder / "bad.wav"), str(folder / "x.csv")
    assert "its ending must be one of" in error_of(capsys, "embed", run, bad, "--out", str(folder / "x"))
    assert "there is no folder" in error_of(capsys, "embed", run, bad, "--out", str(folder / "no" / "x.csv"))
    assert "bad.wav: unreadable" in error_of(capsys, "embed", run, bad, "--out", out, "--strict")
    with pytest.raises(SystemExit) as stop:
        main(["embed", run, bad, "--out", out])
    assert stop.value.code == 2 and "none of the recordings can be used" in capsys.readouterr().err
    assert not (folder / "x.csv").exists()

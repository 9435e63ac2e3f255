import io
import sys
from types import SimpleNamespace

import pytest

from asc_jax.cli.recordings import files
from asc_jax.errors import UserError


@pytest.mark.parametrize("names", [("-", "-"), ("",)])
def test_names_that_are_none(names, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"RIFF")))
    with pytest.raises(UserError):
        files(names, tmp_path)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UserError):
        files(("-",), tmp_path)


def test_standard_input_is_copied(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"RIFF")))
    (recording,) = files(("-",), tmp_path)
    assert recording.name == "-" and recording.source.read_bytes() == b"RIFF"


def test_what_is_passed_over_is_counted(tmp_path, capsys):
    for name in ("a.wav", "b.txt", "x.jpg", "y.JPG"):
        (tmp_path / name).touch()
    files((str(tmp_path),), tmp_path)
    assert "passed over: 2 .jpg, 1 .txt" in capsys.readouterr().err

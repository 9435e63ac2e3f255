"""A stream on standard input, through the whole command but for the network."""

import io
import json
import os
import signal
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from commands import error_of

from asc_jax.cli import main
from asc_jax.evaluate.calibration import Calibration


@pytest.fixture
def pipe(monkeypatch):
    """The end of a pipe into which a test writes what comes on standard input."""
    read, write = (os.fdopen(end, mode, buffering=0) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=read))
    with read, write:
        yield write


@pytest.fixture(autouse=True)
def network(monkeypatch):
    """Windows of 0.1 s, of which the first sample decides."""

    def compute(audio):
        loud = audio[:, 0] / 10_000
        return np.stack([1 - loud, loud], 1), None

    model = SimpleNamespace(samples=1_600, scenes=("quiet", "loud"), compute=compute, calibration=Calibration(1.0, 5.0))
    monkeypatch.setattr("asc_jax.deploy.classifier.load", lambda run: model)


def windows_of(*levels):
    return np.concatenate([np.resize([level, -level], 1_600) for level in levels]).astype("<i2").tobytes()


def test_each_window_is_a_line_and_the_end_is_reported(pipe, capsys):
    pipe.write(windows_of(1_000, 9_000, 0, 9_000) + b"\1")
    pipe.close()
    main(["listen", "run", "--smooth", "2", "--report", "3"])
    captured = capsys.readouterr()
    rows = [json.loads(line) for line in captured.out.splitlines()]
    assert [(row["start"], row["scene"]) for row in rows] == [
        (0, "quiet"),
        (0.1, "unknown"),
        (0.2, None),
        (0.3, "loud"),
    ]
    assert rows[1]["cosine"] == pytest.approx({"quiet": 0.5, "loud": 0.5}) and rows[2]["silent"]
    assert [row["nearest"] for row in rows if row["scene"]] == ["quiet", "quiet", "loud"]
    assert 0.5 < rows[3]["confidence"] <= 1
    reports = captured.err.splitlines()
    assert len(reports) == 2 and reports[0].startswith("asc-jax: 2 windows predicted, 1 without a signal, 0 lost")
    assert "3 windows predicted" in reports[1] and "latency" in reports[1] and "of a core" in reports[1]


def test_channels_and_rate_are_those_of_the_stream(pipe, capsys):
    pipe.write(np.tile(np.array([[3_000, 9_000]], "<i2"), (4_800, 1)).tobytes())
    pipe.write(np.resize(np.array([-3_000, -9_000], "<i2"), 9_600).tobytes())
    pipe.close()
    main(["listen", "run", "--rate", "48000", "--channels", "2", "--hop", "0.05"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["start"] for row in rows] == [0, 0.05, 0.1]
    assert rows[0]["start"] == 0 and rows[-1]["scene"] == "quiet"


class Signalling(io.StringIO):
    """Standard output that sends this process a signal with the first line."""

    def __init__(self, number):
        super().__init__()
        self.waiting = [number]

    def flush(self):
        if self.getvalue() and self.waiting:
            os.kill(os.getpid(), self.waiting.pop())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_stream_that_goes_on(pipe, monkeypatch, capsys, number):
    output = Signalling(number)
    monkeypatch.setattr(sys, "stdout", output)
    pipe.write(windows_of(1_000))
    before = signal.getsignal(signal.SIGTERM), signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        main(["listen", "run", "--live"])
        assert signal.getsignal(signal.SIGTERM) is before[0]
    finally:
        signal.signal(signal.SIGINT, before[1])  # which a shell that starts tests in the background has them ignore
    assert output.getvalue().count("\n") == 1 and "1 windows predicted" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "reported"), [((), ""), (("--report", "9"), "asc-jax: 1 windows predicted")])
def test_a_reader_who_has_had_enough_is_no_error(pipe, monkeypatch, capsys, options, reported):
    read, write = os.pipe()
    os.close(read)
    with open(write, "w") as output, pytest.raises(SystemExit) as stop:
        monkeypatch.setattr(sys, "stdout", output)
        pipe.write(windows_of(1_000, 2_000))
        main(["listen", "run", *options])
    error = capsys.readouterr().err
    assert stop.value.code == 128 + signal.SIGPIPE and error.startswith(reported) and bool(error) == bool(reported)


def test_a_stream_whose_scenes_nobody_can_see_is_refused(pipe, monkeypatch, capsys):
    monkeypatch.setattr(sys, "__stdout__", None)  # as Python finds a closed one
    assert "standard output is closed" in error_of(capsys, "listen", "run")


@pytest.mark.parametrize("option", ["--rate=0", "--channels=65", "--smooth=0", "--report=0", "--hop=0"])
def test_impossible_options_are_refused(option, pipe, capsys):
    assert option.strip("-").replace("=", " ") in error_of(capsys, "listen", "run", option)


def test_what_is_no_raw_stream_is_refused(pipe, monkeypatch, capsys):
    pipe.write(b"RIFF\x24\0\0\0WAVE")
    assert "not raw" in error_of(capsys, "listen", "run")
    pipe.close()
    assert "holds no samples" in error_of(capsys, "listen", "run")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=SimpleNamespace(isatty=lambda: True)))
    assert "pipe a recorder into it" in error_of(capsys, "listen", "run")

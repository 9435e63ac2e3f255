"""Every command, block of Python, file and option that the documentation names works at a small size."""

import contextlib
import re

import documents
import numpy as np
import pytest
from documents import ROOT

import asc_jax
import data_prep


@pytest.mark.parametrize("command", documents.commands(), ids=str)
def test_a_command_runs(command, shell):
    shell.run(command.text)


@pytest.mark.parametrize("code", documents.python(), ids=str)
def test_python_runs(code, shell):
    shell.provide("runs/mine")
    names = {"asc_jax": asc_jax, "data_prep": data_prep, "waveform": np.ones(16_000) / 3, "rate": 16_000}
    with contextlib.chdir(shell.folder):
        exec(compile(code.text, str(code), "exec"), names)


@pytest.mark.parametrize(("mention", "path"), documents.named_files(), ids=str)
def test_a_file_is_there(mention, path):
    assert path.exists()


def test_options_in_prose_exist():
    sources = "".join(
        file.read_text()
        for pattern in ("asc_jax/config.py", "asc_jax/cli/*.py", "experiments/launch/*.sh", "tests/long/*.py")
        for file in ROOT.glob(pattern)
    )
    for option in documents.options():
        field = option.text.removeprefix("--").replace("-", "_")
        assert re.search(rf"^    {field}: |{option.text}\b", sources, re.MULTILINE), option

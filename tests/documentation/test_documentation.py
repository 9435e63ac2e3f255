"""Every command, block of Python, file and option that the documentation names works at a small size."""

import contextlib
import json
import re
import tempfile

import documents
import numpy as np
import pytest
from documents import ROOT
from matplotlib import pyplot
from shell import ExtraNeeded

import asc_jax
import data_prep

DOCUMENT = """```
make test   # or make bench
fly --high 1 \\
    # higher
cat x | asc-jax predict runs/mine -
```

```csv
asc-jax,is no command here
```

Then `make report
WORKDIR=runs/mine` shows `x` and `make` and `park`.
Neither `--hop` nor `experiments/studies/soak.py`, but `experiments/studies/soak.py x`.
"""

pytestmark = pytest.mark.long  # as a file: its first commands train what the others need
COMMANDS = documents.commands()
NEED_EXTRAS = [each for each in COMMANDS if re.search("asc-jax (import-weights|export-weights|export) ", each.text)]


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_command_runs(command, shell):
    with contextlib.suppress(ExtraNeeded):
        shell.run(command.text)


@pytest.mark.extra
@pytest.mark.parametrize("command", NEED_EXTRAS, ids=str)
def test_a_command_runs_with_its_extra(command, shell):
    shell.run(command.text)


@pytest.mark.parametrize("code", documents.python(), ids=str)
def test_python_runs(code, shell):
    shell.provide("runs/mine")
    names = {"asc_jax": asc_jax, "data_prep": data_prep, "waveform": np.sin(np.arange(16_000.0)) / 3, "rate": 16_000}
    with contextlib.chdir(shell.folder):
        exec(compile(code.text, str(code), "exec"), names)


def test_the_notebook_runs(shell, tmp_path, monkeypatch):
    """From its first cell to its last; a line that begins with ! is a command. Outputs are not kept in it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cells = json.loads((ROOT / "experiments/recordings.ipynb").read_text())["cells"]
    names = {"run_command": shell.run}
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            source = re.sub(r"^!(.*)$", r"run_command(f'\1')", "".join(cell["source"]), flags=re.MULTILINE)
            exec(compile(source, f"cell {number}", "exec"), names)
            assert not cell["outputs"]
    pyplot.close("all")
    assert len(names["predictions"]) == len(names["test"]) == len(names["embeddings"])
    assert set(names["predictions"]["scene"]) <= {clip.scene for clip in names["train"]}


@pytest.mark.parametrize(("mention", "path"), documents.named_files(), ids=str)
def test_a_file_is_there(mention, path):
    assert path.exists(), f"{mention}: there is no {path}"


def test_options_in_prose_exist():
    fields = ("asc_jax/config.py", "asc_jax/net/options.py")
    patterns = (*fields, "asc_jax/cli/*.py", "experiments/launch/*.sh", "experiments/studies/*.py")
    sources = "".join(file.read_text() for pattern in patterns for file in ROOT.glob(pattern))
    for option in documents.options():
        field = option.text.removeprefix("--").replace("-", "_")
        assert re.search(rf"^    {field}: |{option.text}(?![\w-])", sources, re.MULTILINE), (
            f"{option}: no command has this option"
        )


def test_commands_are_found_in_blocks_and_in_prose(tmp_path):
    file = tmp_path / "README.md"
    file.write_text(DOCUMENT)
    found = [(each.line, each.text) for each in documents.commands_of_markdown(file)]
    assert found == [
        (2, "make test"),
        (2, "make bench"),
        (3, "fly --high 1"),
        (5, "cat x | asc-jax predict runs/mine -"),
        (12, "make report WORKDIR=runs/mine"),
        (14, "experiments/studies/soak.py x"),
    ]

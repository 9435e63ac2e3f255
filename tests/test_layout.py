"""The rules of the house that no single module can see."""

import ast
import configparser
import pathlib
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).parents[1]
# what samples must be, wherever they come from; how recordings are found and read
GATE = ("data_prep.faults", "data_prep.samples", "data_prep.files", "data_prep.streaming")
ALLOWED = {
    "asc_jax/net": {"asc_jax.net", "asc_jax.typed"},
    "asc_jax/data": {
        "asc_jax.data",
        "asc_jax.net",
        "asc_jax.devices",
        "asc_jax.errors",
        "asc_jax.memory",
        "asc_jax.older",
        "asc_jax.typed",
    },
    "asc_jax/evaluate": {
        "asc_jax.evaluate",
        "asc_jax.data",
        "asc_jax.devices",
        "asc_jax.net",
        "asc_jax.config",
        "asc_jax.errors",
        "asc_jax.older",
        "asc_jax.typed",
    },
    "asc_jax/deploy": {
        "asc_jax.deploy",
        "asc_jax.bench.timing",
        "asc_jax.config",
        "asc_jax.data",
        "asc_jax.devices",
        "asc_jax.errors",
        "asc_jax.evaluate",
        "asc_jax.net",
        "asc_jax.train",
        "asc_jax.typed",
        *GATE,
    },
    "asc_jax/report": {"asc_jax.report", "asc_jax.evaluate", "asc_jax.data", "asc_jax.net", "asc_jax.errors"},
    "asc_jax/bench": {
        "asc_jax.bench",
        "asc_jax.config",
        "asc_jax.data",
        "asc_jax.devices",
        "asc_jax.errors",
        "asc_jax.evaluate",
        "asc_jax.memory",
        "asc_jax.net",
        "asc_jax.train",
        "asc_jax.typed",
    },
    "experiments": {"asc_jax.config", "experiments"},
    "data_prep": {"data_prep", "asc_jax.owners"},
}


def imported(file):
    """Modules of this project that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        yield from (name for name in names if name.split(".")[0] in ("asc_jax", "experiments", "data_prep"))


def test_imports_run_one_way():
    for folder, allowed in ALLOWED.items():
        files = [file for file in (ROOT / folder).rglob("*.py") if file.parent.name != "studies"]  # they use everything
        assert files
        for file in files:
            for name in imported(file):
                assert any(f"{name}.".startswith(f"{prefix}.") for prefix in allowed), (file, name)


def test_only_the_command_line_knows_both_preparation_and_learning():
    for file in (ROOT / "asc_jax").rglob("*.py"):
        if file.parent.name != "cli":
            names = [name for name in imported(file) if file.parent.name != "deploy" or name not in GATE]
            assert not any(name.startswith(("data_prep", "experiments")) for name in names), file


def test_the_command_line_starts_without_heavy_libraries():
    heavy = (
        "jax",
        "librosa",
        "tensorflow_datasets",
        "grain",
        "sklearn",
        "numba",
        "orbax",
        "pandas",
        "matplotlib",
        "jinja2",
        "jax2onnx",
        "onnx",
        "tensorflow",
    )
    code = f"import asc_jax.cli, experiments, data_prep, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_type_checker_reads_every_package():
    packages = configparser.ConfigParser()
    packages.read(ROOT / "setup.cfg")
    names = packages["options.packages.find"]["include"].replace("*", "").split(", ")
    checker = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["basedpyright"]
    assert set(checker["include"]) == set(names)
    assert not {"exclude", "ignore"} & set(checker)

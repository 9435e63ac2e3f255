"""Commands on machines that lack what others have, in processes of their own."""

import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.long

COMMAND = [sys.executable, "-c", "from asc_jax.cli import main; main()"]
QUICK = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}


@pytest.fixture
def recordings(tmp_path):
    for number, name in enumerate(("bus/a [x].wav", "bus/b.wav", "park/-c.wav", "park/d.wav")):
        (tmp_path / "recordings" / name).parent.mkdir(parents=True, exist_ok=True)
        audio = np.random.default_rng(number).normal(0, 3000, 16_000).astype(np.int16)
        soundfile.write(tmp_path / "recordings" / name, audio, 16_000)
    return tmp_path / "recordings"


def asc_jax(folder, *arguments, **environment):
    """The finished process of a command that runs in a folder."""
    known = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV") if name in os.environ}
    environment = known | QUICK | environment
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(
    "environment",
    [
        {},  # no home
        {"HOME": "file/home"},  # one that cannot be made
        {"HOME": "/proc", "LC_ALL": "C", "PYTHONUTF8": "0"},  # one where nobody may write
        {"HOME": ".", "MPLBACKEND": "module://matplotlib_inline.backend_inline"},
    ],
)
def test_a_data_set_is_described_anywhere(recordings, tmp_path, environment):
    (tmp_path / "file").touch()
    done = asc_jax(tmp_path, "data", "describe", "clips", "recordings", "--seconds", "1", **environment)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data.png").stat().st_size > 10_000 and "Traceback" not in done.stderr


NAMELESS = "import grp, pwd; pwd.getpwuid = grp.getgrgid = {}.__getitem__; "


@pytest.mark.parametrize(
    "code",
    [
        "from asc_jax.net.frontend import mel_filters; mel_filters()",
        "from data_prep import prepare; prepare('clips', 'recordings', seconds=1)",
    ],
)
def test_a_user_without_an_entry_in_passwd_is_served(recordings, tmp_path, code):
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    environment |= {"TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", NAMELESS + code], cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("arguments", [["--help"], ["report", "nowhere"]])
def test_output_for_which_the_disk_has_no_room_ends_as_other_errors_do(arguments, tmp_path):
    with open("/dev/full", "w") as full:
        output = {"stdout": full, "stderr": full}
        done = subprocess.run([*COMMAND, *arguments], cwd=tmp_path, env=os.environ | QUICK, **output)
        assert done.returncode == 2
        done = subprocess.run(
            [*COMMAND, *arguments], cwd=tmp_path, env=os.environ | QUICK, **output | {"stderr": subprocess.PIPE}
        )
    assert done.returncode == 2 and done.stderr.startswith(b"asc-jax: ") and done.stderr.count(b"\n") == 1


def test_a_reader_who_has_had_enough_is_no_error(recordings, tmp_path):
    describe = [*COMMAND, "data", "describe", "clips", "recordings", "--seconds", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(describe, cwd=tmp_path, env=os.environ | QUICK, **pipes) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        error = process.stderr.read().decode()
    assert process.returncode in (0, 1, 141) and "Traceback" not in error and "BrokenPipe" not in error  # 1 is rich's

import errno
import json
import os
import resource
import shutil
import signal
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest

from asc_jax.errors import UserError
from asc_jax.train import checkpoint


def save(folder, step, tree):
    with checkpoint.manager(folder) as checkpoints:
        checkpoint.save(checkpoints, step, tree)
        checkpoint.finish(checkpoints)


def test_the_latest_step_comes_back(tmp_path):
    assert checkpoint.restore(checkpoint.manager(tmp_path), {"kernel": jnp.zeros(3)}) is None
    for step in (1, 2, 3):
        save(tmp_path, step, {"kernel": jnp.full(3, float(step))})
    restored = checkpoint.restore(checkpoint.manager(tmp_path), {"kernel": jnp.zeros(3)})
    np.testing.assert_array_equal(restored["kernel"], 3)


def test_the_latest_two_are_kept(tmp_path):
    for step in range(1, 6):
        save(tmp_path, step, {"kernel": jnp.full(3, float(step))})
    with checkpoint.manager(tmp_path) as checkpoints:
        assert sorted(checkpoints.all_steps()) == [4, 5]
        np.testing.assert_array_equal(checkpoint.restore(checkpoints, {"kernel": jnp.zeros(3)})["kernel"], 5)


def test_doubles_by_default_are_no_damage(tmp_path):
    save(tmp_path, 1, {"kernel": jnp.full(3, 0.1, jnp.float32)})
    with jax.enable_x64(True):
        restored = checkpoint.restore(checkpoint.manager(tmp_path), {"kernel": jnp.zeros(3)})
    np.testing.assert_array_equal(restored["kernel"], np.full(3, 0.1, np.float32))


def test_a_tested_network_is_restored_or_none(tmp_path, capsys):
    for step in (1, 2):
        save(tmp_path, step, {"kernel": jnp.full(3, float(step))})
    like = {"kernel": jnp.zeros(3)}
    np.testing.assert_array_equal(checkpoint.restore(checkpoint.manager(tmp_path), like, only=2)["kernel"], 2)
    os.truncate(largest(tmp_path / "checkpoints" / "2" / "state"), 0)
    with pytest.raises(UserError, match="step 2, the network that was tested, is not intact"):
        checkpoint.restore(checkpoint.manager(tmp_path), like, only=2)
    shutil.rmtree(tmp_path / "checkpoints" / "2")
    with pytest.raises(UserError, match="step 2, the network that was tested, is not intact"):
        checkpoint.restore(checkpoint.manager(tmp_path), like, only=2)


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(errno.EACCES, "Permission denied"),
        OSError(errno.ESTALE, "Stale file handle"),
        OSError(errno.EIO, "Input/output error"),
        ValueError("INTERNAL: Error reading d/1: [OS error 116: ESTALE Stale file handle]"),
        ValueError("PERMISSION_DENIED: Error opening d/1 [OS error 13: EACCES Permission denied]"),
    ],
)
def test_what_passes_is_not_called_damage(tmp_path, monkeypatch, capsys, error):
    for step in (1, 2):
        save(tmp_path, step, {"kernel": jnp.ones(3)})

    def fails(*_):
        raise error

    monkeypatch.setattr(checkpoint, "_verified", fails)
    with pytest.raises(UserError, match="checkpoints/2 cannot be read .*no damage") as raised:
        checkpoint.restore(checkpoint.manager(tmp_path), {"kernel": jnp.zeros(3)})
    assert "delete" not in str(raised.value) and "damaged" not in capsys.readouterr().err


def test_a_save_that_was_cut_off_is_left_aside(tmp_path, capsys):
    save(tmp_path, 1, {"kernel": jnp.ones(3)})
    folder = tmp_path / "checkpoints"
    shutil.copytree(folder / "1", folder / "2.orbax-checkpoint-tmp")
    with checkpoint.manager(tmp_path) as checkpoints:
        np.testing.assert_array_equal(checkpoint.restore(checkpoints, {"kernel": jnp.zeros(3)})["kernel"], 1)
    save(tmp_path, 2, {"kernel": jnp.full(3, 2.0)})
    np.testing.assert_array_equal(
        checkpoint.restore(checkpoint.manager(tmp_path), {"kernel": jnp.zeros(3)})["kernel"], 2
    )


def test_another_shape_is_refused_by_name(tmp_path):
    save(tmp_path, 1, {"head": {"kernel": jnp.zeros((10, 4))}})
    with pytest.raises(UserError, match=r"head/kernel was \(10, 4\), is now \(3, 4\)"):
        checkpoint.restore(checkpoint.manager(tmp_path), {"head": {"kernel": jnp.zeros((3, 4))}})


def largest(folder):
    """The file that holds the arrays."""
    return max((file for file in folder.rglob("*") if file.is_file()), key=lambda file: file.stat().st_size)


def flip_a_bit(folder):
    file = largest(folder)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def change_a_checksum(folder):
    (file,) = (file for file in (folder / "checksums").rglob("*") if b"kernel" in file.read_bytes())
    file.write_text(json.dumps({"kernel": 0}))


DAMAGE = {
    "truncated": lambda folder: os.truncate(largest(folder), largest(folder).stat().st_size // 2),
    "emptied": lambda folder: os.truncate(largest(folder), 0),
    "deleted": lambda folder: largest(folder).unlink(),
    "a flipped bit": flip_a_bit,
    "a wrong checksum": change_a_checksum,
    "truncated tree": lambda folder: os.truncate(folder / "state" / "_METADATA", 20),
    "no tree": lambda folder: (folder / "state" / "_METADATA").unlink(),
    "emptied tree": lambda folder: os.truncate(folder / "state" / "_METADATA", 0),
    "no arrays": lambda folder: shutil.rmtree(folder / "state"),
    "no checksums": lambda folder: shutil.rmtree(folder / "checksums"),
    "an empty folder": lambda folder: (shutil.rmtree(folder), folder.mkdir()),
    "arrays of another step": lambda folder: (
        shutil.rmtree(folder / "state"),
        shutil.copytree(folder.with_name("1") / "state", folder / "state"),
    ),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_step_is_reported_and_the_one_before_comes_back(damage, tmp_path, capsys):
    kernel = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    for step in (1, 2):
        save(tmp_path, step, {"kernel": jnp.asarray(step * kernel)})
    damage(tmp_path / "checkpoints" / "2")
    with checkpoint.manager(tmp_path) as checkpoints:
        restored = checkpoint.restore(checkpoints, {"kernel": jnp.zeros((64, 64))})
    message = capsys.readouterr().err
    np.testing.assert_array_equal(restored["kernel"], kernel)
    assert "checkpoints/2 is damaged" in message and len(message.splitlines()) == 1
    save(tmp_path, 2, {"kernel": jnp.asarray(2 * kernel)})  # training gets there again
    restored = checkpoint.restore(checkpoint.manager(tmp_path), {"kernel": jnp.zeros((64, 64))})
    np.testing.assert_array_equal(restored["kernel"], 2 * kernel)


def test_damage_to_all_steps_is_an_error(tmp_path, capsys):
    save(tmp_path, 1, {"kernel": jnp.ones(3)})
    os.truncate(largest(tmp_path / "checkpoints" / "1" / "state"), 0)
    with pytest.raises(UserError, match="no checkpoint is intact"):
        checkpoint.restore(checkpoint.manager(tmp_path), {"kernel": jnp.zeros(3)})


def test_the_end_of_another_process_is_neither_damage_nor_a_full_disk(tmp_path, capsys, monkeypatch):
    save(tmp_path, 1, {"kernel": jnp.ones(3)})

    def cut_off(*_):
        raise jax.errors.JaxRuntimeError("UNKNOWN: Gloo AllGather failed: Connection closed by peer")

    monkeypatch.setattr(checkpoint, "_verified", cut_off)
    with pytest.raises(jax.errors.JaxRuntimeError):
        checkpoint.restore(checkpoint.manager(tmp_path), {"kernel": jnp.zeros(3)})
    monkeypatch.setattr(checkpoint, "_check_room", cut_off)
    with pytest.raises(jax.errors.JaxRuntimeError):
        save(tmp_path, 2, {"kernel": jnp.ones(3)})
    assert "damaged" not in capsys.readouterr().err


def test_what_cannot_be_saved_is_an_error_and_leaves_the_last_step(tmp_path):
    save(tmp_path, 1, {"kernel": jnp.ones(3)})
    with checkpoint.manager(tmp_path) as checkpoints:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # as on a full disk, a write fails midway
        try:
            with pytest.raises(UserError, match="could not be saved"):
                checkpoint.save(checkpoints, 2, {"kernel": jnp.asarray(np.random.default_rng(0).normal(size=9999))})
                checkpoint.finish(checkpoints)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, before)
    restored = checkpoint.restore(checkpoint.manager(tmp_path), {"kernel": jnp.zeros(3)})
    np.testing.assert_array_equal(restored["kernel"], 1)


def test_a_save_does_not_begin_without_room_for_its_files(tmp_path, monkeypatch):
    save(tmp_path, 1, {"kernel": jnp.ones(3)})
    blocks = dict.fromkeys(("f_bavail", "f_blocks", "f_bfree", "f_frsize"), 4096)
    few = SimpleNamespace(f_files=3000, f_favail=50, **blocks)
    monkeypatch.setattr(checkpoint.os, "statvfs", lambda folder: few)
    with pytest.raises(UserError, match="it takes up to 100 files, and 50 more"), checkpoint.opened(tmp_path) as opened:
        checkpoint.save(opened, 2, {"kernel": jnp.ones(3)})
    assert [file.name for file in (tmp_path / "checkpoints").iterdir()] == ["1"]


def test_what_fails_as_a_manager_closes_is_reported_once(tmp_path, monkeypatch):
    def fails(self):
        raise ValueError("RESOURCE_EXHAUSTED: No space left on device")

    monkeypatch.setattr(ocp.CheckpointManager, "close", fails)
    with pytest.raises(UserError, match="could not be saved"), checkpoint.opened(tmp_path):
        pass
    with pytest.raises(KeyError), checkpoint.opened(tmp_path):
        raise KeyError


def test_a_save_does_not_begin_on_a_disk_without_room(tmp_path, monkeypatch):
    save(tmp_path, 1, {"kernel": jnp.ones(3)})
    state = {"kernel": jnp.ones(1000)}  # 4 kB
    monkeypatch.setattr(checkpoint.shutil, "disk_usage", lambda folder: SimpleNamespace(free=4200))
    with (
        checkpoint.manager(tmp_path) as checkpoints,
        pytest.raises(UserError, match="checkpoints: a checkpoint could not be saved .it takes 0.0 MB, and 0.0 MB"),
    ):
        checkpoint.save(checkpoints, 2, state)
    assert [file.name for file in (tmp_path / "checkpoints").iterdir()] == ["1"]

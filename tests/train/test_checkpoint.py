import json

import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest

from asc_jax.errors import UserError
from asc_jax.train import checkpoint


def save(folder, step, tree):
    with checkpoint.manager(folder) as checkpoints:
        checkpoints.save(step, args=ocp.args.StandardSave(tree))


def test_the_latest_step_comes_back(tmp_path):
    assert checkpoint.restore(checkpoint.manager(tmp_path), {"kernel": jnp.zeros(3)}) is None
    for step in (1, 2, 3):
        save(tmp_path, step, {"kernel": jnp.full(3, float(step))})
    restored = checkpoint.restore(checkpoint.manager(tmp_path), {"kernel": jnp.zeros(3)})
    np.testing.assert_array_equal(restored["kernel"], 3)


def test_another_shape_is_refused_by_name(tmp_path):
    save(tmp_path, 1, {"head": {"kernel": jnp.zeros((10, 4))}})
    with pytest.raises(UserError, match=r"head/kernel was \(10, 4\), is now \(3, 4\)"):
        checkpoint.restore(checkpoint.manager(tmp_path), {"head": {"kernel": jnp.zeros((3, 4))}})


def test_a_folder_keeps_its_settings(tmp_path):
    settings = {"seed": 0, "round": {"phase": {"epochs": 3}}, "scenes": ("bus", "tram")}
    checkpoint.claim(tmp_path, settings, tmp_path)
    checkpoint.claim(tmp_path, settings, tmp_path)
    assert checkpoint.settings(tmp_path) == {**settings, "scenes": ["bus", "tram"]}
    assert "jax" in json.loads((tmp_path / "config.json").read_text())["versions"]
    with pytest.raises(UserError, match=r"round.phase.epochs was 3, is now 5"):
        checkpoint.claim(tmp_path, {**settings, "round": {"phase": {"epochs": 5}}}, tmp_path)


def test_write_text_leaves_no_partial_file(tmp_path):
    checkpoint.write_text(tmp_path / "a.csv", "one")
    checkpoint.write_text(tmp_path / "a.csv", "two")
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "two"

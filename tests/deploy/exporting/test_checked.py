import dataclasses
import itertools

import numpy as np
import pytest

from asc_jax.deploy.exporting.checked import Check, compare, table, write_checked
from asc_jax.deploy.exporting.program import Exported
from asc_jax.errors import UserError


def test_the_control_compares_each_clip_with_every_other():
    ours = np.eye(3)[[0, 1, 2, 0]]
    theirs = np.eye(3)[[0, 1, 2, 1]] * 0.9
    check = Check(*compare(ours, theirs), 1, 1)
    assert check.difference == pytest.approx(1)
    assert check.agreement == 0.75
    assert check.control == pytest.approx(2 / 12)  # the first as the last was, the last as the second is
    assert check.proves


def test_one_scene_or_one_clip_proves_nothing():
    for same in (np.eye(2)[[0, 0, 0]], np.eye(2)[:1]):
        assert not Check(*compare(same, same), 1, 1).proves


def files(predicted):
    """(write, read) of a file that says so of the clips in their order, and then something of the timed one."""
    parts = itertools.chain(np.array_split(predicted, range(8, len(predicted), 8)), itertools.repeat(None))
    return lambda model, file: file.write_text("written"), lambda file: Exported({}, lambda _: (next(parts), None))


def test_a_file_with_the_same_predictions_is_kept(model, clips, predicted, tmp_path):
    out = tmp_path / "new folder" / "model"
    check = write_checked(*files(predicted), model, out, clips)
    assert dataclasses.astuple(check)[:3] == (pytest.approx(0, abs=1e-6), 1, pytest.approx(5 / 23))
    assert check.seconds > 0 and check.jax_seconds > 0
    assert out.read_text() == "written" and list(out.parent.iterdir()) == [out]
    assert table("onnx", "float32", out, check).row_count == 1


@pytest.mark.parametrize("fault", ["one decision", "a number that is none"])
def test_a_file_with_others_is_not(model, clips, predicted, tmp_path, fault):
    wrong = predicted.copy()
    if fault == "one decision":
        wrong[3] = wrong[4]
    else:
        wrong[3, 0] = np.nan
        wrong[3, 3] = np.inf
    with pytest.raises(UserError, match="model is not written: .* on 9[0-9.]+ % of 24 clips, its cosines differ"):
        write_checked(*files(wrong), model, tmp_path / "model", clips)
    assert not list(tmp_path.iterdir())

"""A config name stands for everything that the records depend on."""

import dataclasses

import pytest

from data_prep.dataset import Clip, DataSet
from data_prep.faults import Fault

CLIP = Clip("a.wav", "train", "park", True, "a", "rome", "s")
BASE = DataSet("clips", ("bus", "park"), (CLIP,), 5.0, None, ((100, 1),))


def test_is_readable_and_repeatable():
    seconds, code = BASE.config_name.split("-")
    assert seconds == "5s"
    assert len(code) == 12
    assert dataclasses.replace(BASE).config_name == BASE.config_name


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Clip)])
def test_changes_with_every_field_of_a_clip(field):
    value = {"scene": "bus", "labelled": False, "columns": (("fold", "1"),)}.get(field, "other")
    changed = dataclasses.replace(CLIP, **{field: value})
    assert dataclasses.replace(BASE, clips=(changed,)).config_name != BASE.config_name


@pytest.mark.parametrize(
    "change",
    [
        {"scenes": ("park", "bus")},
        {"seconds": 5.5},
        {"source": ((101, 1),)},
        {"source": ((100, 2),)},
        {"version": "1.0.1"},
        {"clips": ()},
        {"split": "listed"},
        {"faults": (Fault("b.wav", "missing"),)},
    ],
)
def test_changes_with_all_else(change):
    assert dataclasses.replace(BASE, **change).config_name != BASE.config_name

import csv
import io

import pytest

from asc_jax.deploy.submission import fill_in
from asc_jax.errors import UserError

ROWS = [
    {"filename": "b_2", "city": "Xi'an, China", "scene_label": ""},
    {"filename": "a.1", "city": "", "scene_label": ""},
]


def test_the_list_keeps_its_order_and_columns():
    text = fill_in(ROWS, {"eval/a.1.wav": "Bus", "eval/b_2.wav": "Urban park", "eval/c.wav": "Bar"})
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["scene_label"] for row in rows] == ["Urban park", "Bus"]
    assert [row | {"scene_label": ""} for row in rows] == ROWS
    assert text.splitlines()[0] == "filename,city,scene_label"


def test_what_was_not_heard_is_named():
    with pytest.raises(UserError, match=r"1 of 2 clips of the list were not heard: b_2$"):
        fill_in(ROWS, {"a.1.wav": "Bus", "b_2.wav": None})

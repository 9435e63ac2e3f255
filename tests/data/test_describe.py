"""What is printed of a data set is what it holds."""

import dataclasses
import io

import numpy as np
import pytest
from rich.console import Console

from asc_jax.data.describe import summary
from asc_jax.data.picture import draw


@pytest.fixture
def records(make_records, tmp_path):
    rng = np.random.default_rng(0)
    sound = {"seconds": "1.000", "rate": "44100", "channels": "2", "peak_db": "-0.05", "rms_db": "-20.00"}
    rows = [
        sound
        | {"id": f"{n}", "split": split, "label": label, "truth": label or "park", "device": "s1", "session": f"{n}"}
        for n, (split, label) in enumerate([("train", "bus"), ("train", "park"), ("test", "bus"), ("unlabelled", "")])
    ]
    rows = [row | {"silent": "0.2500", "clipped": "0.000100"} for row in rows]
    (tmp_path / "metadata.json").write_text(
        '{"left_out": [{"id": "x", "reason": "silent", "detail": ""}, {"id": "y", "reason": "silent", "detail": ""}]}'
    )
    return make_records(rows, rng.normal(0, 999, (4, 16_000)).astype(np.int16), ("bus", "park", "tram"), tmp_path)


def test_tables_tell_counts_and_sound(records):
    console = Console(file=io.StringIO(), width=150)
    console.print(*summary(records))
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in console.file.getvalue().splitlines()]
    assert ["train", "2", "0.00", "2", "0", "2", "2", "1"] in rows  # labelled, unlabelled, scenes, sessions, devices
    assert ["all", "4", "0.00", "3", "1", "2", "4", "1"] in rows  # and no column of cities, because none is known
    assert ["park", "1", "", "1", "2"] in rows  # train, test, unlabelled, all
    assert ["s1", "2", "1", "1", "4"] in rows
    assert ["silence in % of a clip", *["25.0"] * 5] in rows
    assert ["silent", "2"] in rows
    assert "4 above -0.1" in console.file.getvalue() and "4 at 44,100 Hz, 2 channel(s)" in console.file.getvalue()
    assert not any(line[0] == "city" for line in rows if line)  # no city is known


def test_picture_is_drawn_even_of_a_scene_without_clips(records, tmp_path):
    draw(records, tmp_path / "data.png")
    draw(records, tmp_path / "data.svg")
    assert (tmp_path / "data.png").read_bytes().startswith(b"\x89PNG")
    assert "tram" in (tmp_path / "data.svg").read_text()


def test_the_picture_names_its_units_counts_unlabelled_clips_and_has_a_line_for_each_device(records, tmp_path):
    draw(records, tmp_path / "data.svg")
    text = (tmp_path / "data.svg").read_text()
    for shown in ("frequency in kHz", "time in s", "level in dB re full scale", "train: 2 clips", "s1"):
        assert f"<!-- {shown} -->" in text
    assert "<!-- unlabelled: 1 clips, 1 of them without a label -->" in text


def test_scenes_are_in_the_order_of_the_data_set_and_unknown_ones_last(records, tmp_path):
    table = records.clips.table.assign(truth=["tram", "bus", "", "park"], city=["oslo", "", "lyon", ""])
    clips = dataclasses.replace(records.clips, table=table)
    shown = summary(dataclasses.replace(records, clips=clips))
    assert list(shown[1].columns[0].cells) == ["bus", "park", "tram", "(unknown)", "all"]
    assert list(next(table for table in shown if table.columns[0].header == "city").columns[0].cells)[:2] == [
        "lyon",
        "oslo",
    ]
    draw(dataclasses.replace(records, clips=clips), tmp_path / "data.svg")
    assert "<!-- (unknown scene) -->" in (tmp_path / "data.svg").read_text()

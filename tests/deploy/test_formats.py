import csv
import dataclasses
import io
import json

import numpy as np
import pytest
from scipy.special import softmax

from asc_jax.deploy.formats import (
    NO_SIGNAL,
    clock,
    csv_text,
    json_text,
    jsonl_text,
    probabilities_text,
    table,
    timeline,
)
from asc_jax.deploy.prediction import Prediction
from asc_jax.evaluate.calibration import Calibration
from asc_jax.net.arcface import SCALE
from asc_jax.train.teachers import read_table


@pytest.fixture
def predictions():
    """A recording of three windows, one of one, and a bad one."""
    cosines = [np.array([0.9, 0.1]), np.array([0.2, 0.3]), np.array([0.1, 0.9])]
    return [
        Prediction("a, b.wav", ("bus", "park"), [0.0, 10.0, 12.5], cosines),
        Prediction("c.wav", ("bus", "park"), [0.0], cosines[:1]),
        Prediction("d.wav", ("bus", "park"), error="truncated: ends early"),
    ]


def test_json_has_every_cosine_and_every_window(predictions):
    rows = json.loads("".join(json_text(predictions)))
    assert rows == [json.loads(line) for line in "".join(jsonl_text(predictions)).splitlines()]
    assert [each["file"] for each in rows] == ["a, b.wav", "c.wav", "d.wav"]
    assert rows[0]["scene"] == "park"  # by the mean, though its first window says bus
    assert rows[0]["cosine"] == pytest.approx({"bus": 0.4, "park": 1.3 / 3})
    assert [(each["start"], each["scene"]) for each in rows[0]["windows"]] == [(0, "bus"), (10, "park"), (12.5, "park")]
    assert rows[2] == {"file": "d.wav", "error": "truncated: ends early"}
    assert json.loads("".join(json_text([]))) == []


def test_csv_has_a_row_for_each_window(predictions):
    rows = list(csv.DictReader(io.StringIO("".join(csv_text(predictions)))))
    assert [(row["file"], row["start"], row["scene"]) for row in rows] == [
        *[("a, b.wav", "0", "bus"), ("a, b.wav", "10", "park"), ("a, b.wav", "12.5", "park")],
        ("c.wav", "0", "bus"),
    ]


def test_a_row_for_each_recording_with_the_probability_of_every_scene(predictions, tmp_path):
    (tmp_path / "scores.csv").write_text("".join(probabilities_text(predictions)))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "scores.csv").read_text())))
    assert [(row["id"], row["scene"]) for row in rows] == [("a, b.wav", "park"), ("c.wav", "bus")]
    cosine = np.stack([each.cosine for each in predictions[:2]])
    expected = np.exp(SCALE * cosine) / np.exp(SCALE * cosine).sum(1, keepdims=True)
    shares = [[float(row[scene]) for scene in ("bus", "park")] for row in rows]
    np.testing.assert_allclose(shares, expected, atol=1e-6)
    as_teacher = read_table(tmp_path / "scores.csv", ("park", "bus"))  # logits up to a constant
    np.testing.assert_allclose(as_teacher["bus"] - as_teacher["park"], SCALE * (cosine[:, 0] - cosine[:, 1]), rtol=0.2)


@pytest.fixture
def calibrated(predictions):
    """The same by a network to which 0.35 is far from a scene."""
    return [dataclasses.replace(each, calibration=Calibration(2.0, 2.0)) for each in predictions]


def test_without_calibration_nothing_is_unknown_nor_nearest(predictions):
    text = "".join([*json_text(predictions), *csv_text(predictions), *probabilities_text(predictions)])
    assert "unknown" not in text and "nearest" not in text
    assert "".join(csv_text([])) == "file,start,scene,confidence\n"


def test_the_nearest_scene_stands_beside_unknown(calibrated):
    rows = json.loads("".join(json_text(calibrated)))
    assert [(each["scene"], each["nearest"]) for each in rows[0]["windows"]] == [
        ("bus", "bus"),
        ("unknown", "park"),
        ("park", "park"),
    ]
    assert rows[0]["confidence"] == pytest.approx(softmax(SCALE / 2 * np.array([0.4, 1.3 / 3]))[1])
    rows = list(csv.DictReader(io.StringIO("".join(csv_text(calibrated)))))
    assert [(row["scene"], row["nearest"]) for row in rows[:3]] == [
        ("bus", "bus"),
        ("unknown", "park"),
        ("park", "park"),
    ]
    assert timeline(calibrated[0]) == "0:00 bus, 0:10 unknown, 0:12 park"


def test_a_recording_is_unknown_where_its_mean_is_far_from_all_scenes(calibrated):
    far = dataclasses.replace(calibrated[0], cosines=calibrated[0].cosines[1:2], start=[0.0])
    assert (far.scene, far.nearest) == ("unknown", "park")
    assert far.confidence == pytest.approx(softmax(SCALE / 2 * np.array([0.2, 0.3]))[1])
    assert list(table([far]).columns[1].cells) == ["unknown (nearest: park)"]
    (row,) = csv.DictReader(io.StringIO("".join(probabilities_text([far]))))
    assert row["scene"] == "unknown" and float(row["park"]) == pytest.approx(far.confidence, abs=1e-6)


def test_windows_without_signal_are_marked_everywhere():
    prediction = Prediction(
        "a.wav", ("bus", "park"), [0.0, 10.0, 20.0], [None, np.array([0.1, 0.9]), None], notes=["odd"]
    )
    (row,) = json.loads("".join(json_text([prediction])))
    assert row["scene"] == "park" and row["notes"] == ["odd"]
    assert row["windows"][0] == {"start": 0.0, "scene": None, "silent": True}
    rows = list(csv.DictReader(io.StringIO("".join(csv_text([prediction])))))
    assert [row["scene"] for row in rows] == [NO_SIGNAL, "park", NO_SIGNAL] and rows[0]["confidence"] == ""
    assert timeline(prediction) == f"0:00 {NO_SIGNAL}, 0:10 park, 0:20 {NO_SIGNAL}"
    assert [list(column.cells) for column in table([prediction]).columns][3] == ["1 of 3"]


def test_the_table_says_when_the_scene_changes(predictions):
    assert timeline(predictions[0]) == "0:00 bus, 0:10 park" and timeline(predictions[1]) == ""
    assert table(predictions).row_count == 2


def test_clock():
    assert [clock(seconds) for seconds in (0, 59.9, 60, 3723.5)] == ["0:00", "0:59", "1:00", "1:02:03"]

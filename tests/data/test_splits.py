"""Splits: the data set's own, sessions, cities, and columns; each scene is trained on, and nothing tested is."""

import json
import pathlib

import numpy as np
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asc_jax.data import splits
from asc_jax.data.records import Clips
from asc_jax.errors import UserError

COLUMNS = ("label", "city", "session", "own", "mine", "device")


@pytest.fixture
def opened(monkeypatch):
    """A function (rows of COLUMNS, own split, arguments) -> Records of clips without audio."""

    def make(rows, own, *arguments):
        table = pandas.DataFrame([dict(zip(COLUMNS, (*row, *[""] * 6), strict=False)) for row in rows])
        table["id"] = [f"clip {number}" for number in range(len(table))]
        scenes = tuple(sorted(set(table["label"]) - {""}))
        clips = Clips(scenes, 1, table, None, None)
        monkeypatch.setattr(splits, "read_clips", lambda path: (clips, own))
        return splits.open_records(pathlib.Path("data"), *arguments)

    return make


def sessions_of(records, *splits):
    return set(records.clips.table["session"][records.splits.isin(splits)])


SESSIONS = [(scene, city, f"{scene} {city} {n}") for scene in ("bus", "park") for city in "AB" for n in range(5)]
TWO_EACH = [(*session, "train") for session in SESSIONS for _ in range(2)]
UNLABELLED = [("", city, session, "unlabelled") for _, city, session in SESSIONS]


def test_the_own_split_is_taken_as_it_is(opened):
    rows = [("bus", "", "", "train"), ("park", "", "", "source"), ("park", "", "", "train"), ("bus", "", "", "test")]
    rows += [("bus", "", "", "source"), ("", "", "", "evaluation")]
    records = opened(rows, "own")
    assert records.splits.tolist() == ["train", "source", "train", "test", "source", "evaluation"]
    assert records.split_by.startswith("own (")
    assert len(records.split("train", "source")) == 4


def test_sessions_stay_whole_and_each_is_tested_once(opened):
    tested = []
    for fold in "12345":
        records = opened(TWO_EACH + UNLABELLED, "own", "session", fold)
        assert records.split_by.startswith(f"session {fold} (")
        ours = sessions_of(records, "test")
        assert ours and not ours & sessions_of(records, "train", "unlabelled")
        assert len(records.split("test")) == 2 * len(ours)
        assert len(records.split("unlabelled")) == 20 - len(ours)  # those of tested sessions are in no split
        tested += ours
    assert sorted(tested) == sorted(session for _, _, session in SESSIONS)


@pytest.mark.parametrize("column", splits.GROUPS)
def test_a_city_or_a_device_is_left_out_whole(opened, column):
    rows = [(label, city, session, own, "", city) for label, city, session, own in TWO_EACH + UNLABELLED]
    records = opened(rows, "own", column, "B")
    assert {session[-3] for session in sessions_of(records, "test")} == {"B"}
    assert {session[-3] for session in sessions_of(records, "train", "unlabelled")} == {"A"}
    assert records.split_by.startswith(f"{column} B (")


def test_parts_that_no_test_concerns_stay(opened):
    rows = TWO_EACH + [("bus", "B", "x", "source"), ("park", "B", "x", "source"), ("", "B", "x", "evaluation")]
    assert opened(rows, "own", "city", "B").splits.tolist()[-3:] == ["source", "source", "evaluation"]


def test_a_column_can_be_a_split(opened):
    rows = [(label, "", "", "", split) for label in ("bus", "park") for split in ("train", "test", "")]
    records = opened([*rows, ("", "", "", "", "train")], "own", "mine")
    assert records.splits.tolist() == ["train", "test", "", "train", "test", "", "unlabelled"]


def test_without_a_split_of_its_own_sessions_are_held_out(opened):
    records = opened(TWO_EACH + UNLABELLED, None)
    assert len(records.split("test")) == 8 and not sessions_of(records, "test") & sessions_of(records, "train")


def test_hold_out_fold_clips_are_held_out(opened):
    records = opened([(scene, "", "") for scene in ("bus", "metro", "park") for _ in range(20)], None)
    tested = records.clips.table["label"][records.splits == "test"]
    assert tested.value_counts().to_dict() == {"bus": 4, "metro": 4, "park": 4}


@given(counts=st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4)), min_size=6, max_size=20))
def test_whatever_the_sessions_no_scene_is_without_training_clips(counts):
    rows = [
        {"label": scene, "session": f"s{i}", "id": f"{i}-{n}"} for i, (scene, m) in enumerate(counts) for n in range(m)
    ]
    table = pandas.DataFrame(rows)
    clips = Clips(tuple(sorted(set(table["label"]))), 1, table, None, None)
    own = pandas.Series("train", index=table.index)
    path = pathlib.Path("data")
    try:
        name, chosen = splits._hold_out_fold(path, clips, own, None)
        splits._check_trained_on(path, clips, chosen, name)
    except UserError:
        return
    assert all(len(set(each)) == 1 for _, each in chosen.groupby(table["session"]))
    assert set(table["label"][chosen == "train"]) == set(table["label"])
    assert (chosen == "test").any()
    pandas.testing.assert_series_equal(chosen, splits._hold_out_fold(path, clips, own, None)[1])


def test_a_scene_of_one_session_is_trained_on_unless_its_fold_is_chosen(opened):
    rows = [("bus", "", "only")] * 6 + [("park", "", f"s{i}") for i in range(12) for _ in range(2)]
    assert set(opened(rows, None).clips.table["label"][opened(rows, None).splits == "test"]) == {"park"}
    errors = []
    for fold in "12345":
        try:
            opened(rows, None, "session", fold)
        except UserError as error:
            errors.append(str(error))
    assert len(errors) == 1 and "no clip in 'train' is labelled bus" in errors[0]


@pytest.mark.parametrize(
    ("rows", "arguments", "message"),
    [
        (TWO_EACH, ("city",), "needs --test-fold CITY; it has A, B"),
        (TWO_EACH, ("city", "C"), "there is no city 'C'; it has A, B"),
        (TWO_EACH, ("device", "phone"), "the device of no clip is known"),
        (TWO_EACH, ("session", "6"), "no fold '6' to hold out; choose 1 to 5"),
        (TWO_EACH, ("session", "x"), "no fold 'x'"),
        (TWO_EACH, ("mine2",), "no split 'mine2'; choose session, city, device or a column"),
        (TWO_EACH, ("label",), "column 'label' is no split: it says 'bus'"),
        ([("bus", "", ""), ("park", "", "")] * 5, ("session",), "the session of no clip is known"),
        ([("bus", "", ""), ("park", "", "")] * 5, ("city", "A"), "the city of no clip is known"),
        (
            [("bus", "A", "s"), ("park", "A", "t"), ("park", "B", "u")],
            ("city", "A"),
            "no clip in 'train' is labelled bus;",
        ),
        ([("bus", "", "one"), ("park", "", "one")], ("session",), "too few labelled clips"),
    ],
)
def test_what_cannot_be_split_is_named(opened, rows, arguments, message):
    with pytest.raises(UserError, match=message):
        opened(rows, None, *arguments)


def test_a_part_without_clips_is_named(opened):
    with pytest.raises(UserError, match=r"data, split own .*: no clips in split 'unlabelled' \(it has train\)"):
        opened([("bus", "", "", "train"), ("park", "", "", "train")], "own").split("unlabelled")


def test_the_name_tells_splits_apart_that_differ_in_one_clip(opened):
    rows = [("bus", "", "", "train"), ("park", "", "", "train"), ("park", "", "", "train")]
    names = {opened([*rows[:2], (*rows[2][:3], split)], "own").split_by for split in ("train", "test", "validation")}
    assert len(names) == 3 and json.dumps(sorted(names))


def test_indices_of_scenes(opened):
    records = opened([("park", "", "", "train"), ("bus", "", "", "train"), ("", "", "", "unlabelled")], "own")
    assert records.clips.class_ids("label").tolist() == [1, 0, -1]
    assert records.clips.class_ids("label").dtype == np.int32


def test_holding_out_needs_a_split_that_does(opened):
    rows = [("bus", "", "", "train"), ("park", "", "", "train"), ("park", "", "", "test")]
    for split in (None, "own"):
        with pytest.raises(UserError, match="split 'own' holds nothing out; say --split session, city or device"):
            opened(rows, "own", split, "lyon")


@pytest.mark.parametrize("arguments", [("city", "lyon"), ("device", "a"), ("session", "2"), ("own",), ()])
def test_records_are_opened_again_as_they_were(opened, arguments):
    cities = ("lyon", "oslo", "rome")
    rows = [
        ("bus park".split()[n % 2], cities[n % 3], f"s{n}", "train" if n < 9 else "test", "", "abc"[n % 3])
        for n in range(12)
    ]
    records = opened(rows, "own", *arguments)
    again = splits.reopen_records(records.path, records.split_by)
    assert again.split_by == records.split_by and again.splits.equals(records.splits)
    with pytest.raises(UserError, match="no longer split as"):
        splits.reopen_records(records.path, records.split_by.replace("(", "(0"))


def test_the_default_fold_is_opened_again_where_no_session_is_known(opened):
    records = opened([("bus park".split()[n % 2], "", "", "") for n in range(12)], None)
    assert records.split_by.startswith("session ")
    assert splits.reopen_records(records.path, records.split_by).splits.equals(records.splits)

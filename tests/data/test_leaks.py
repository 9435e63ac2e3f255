"""The leak check counts what a test shares with training."""

from dataclasses import replace

import numpy as np
import pytest

from asc_jax.data.leaks import check, leaks_table, read_leak, write_leak


@pytest.fixture
def records(make_records):
    """A test whose clips share a session, the audio, or nothing with training."""
    rows = [
        {"split": "train", "label": "bus", "session": "s1", "sha256": "a"},
        {"split": "train", "label": "park", "session": "s1", "sha256": "b"},
        {"split": "train", "label": "park", "session": "s1", "sha256": "c"},
        {"split": "train", "label": "bus", "session": "", "sha256": "d"},
        {"split": "train", "label": "bus", "session": "s2", "sha256": "e"},
        {"split": "unlabelled", "session": "s3", "sha256": "f"},
        {"split": "test", "label": "park", "session": "s1", "sha256": "x"},  # looked up: park
        {"split": "test", "label": "park", "session": "s2", "sha256": "b"},  # looked up: bus
        {"split": "test", "label": "bus", "session": "", "sha256": "y"},  # not known: bus, the most frequent
        {"split": "test", "label": "park", "session": "s3", "sha256": "f"},  # not known: bus
    ]
    rows = [row | {"id": f"{n}", "truth": row.get("label", "")} for n, row in enumerate(rows)]
    return make_records(rows, np.zeros((10, 4), np.int16), ("bus", "park"))


def test_counts_what_is_shared(records):
    leak = check(records, "test", ("train",))
    assert (leak.clips, leak.same_session, leak.same_audio, leak.near_duplicate) == (4, 2, 1, None)
    assert leak.session_baseline == 0.5
    both = check(records, "test", ("train", "unlabelled"))
    assert (both.same_session, both.same_audio, both.session_baseline) == (3, 2, 0.5)


def test_one_line_tells_it(records):
    line = str(check(records, "test", ("train",)))
    assert "\n" not in line
    assert "2 of 4 test clips share a session with train" in line and "scores 50.0 %" in line
    assert "too short to find near-duplicates" in line


def test_what_cannot_be_known_is_not_zero(records):
    known = records.clips.table
    strangers = replace(records, clips=replace(records.clips, table=known.assign(session="")))
    leak = check(strangers, "test", ("train",))
    assert leak.same_session is None and "no session is known" in str(leak) and "listening" not in str(leak)
    long = replace(records, clips=replace(records.clips, all_fingerprints=np.zeros((10, 17), np.uint16)))
    assert check(long, "test", ("train",)).near_duplicate == 0


def test_the_session_baseline_counts_scored_clips(records):
    table = records.clips.table.copy()
    table.loc[table.index[[7, 9]], "truth"] = ""
    scored = replace(records, clips=replace(records.clips, table=table))
    assert check(scored, "test", ("train",)).session_baseline == 1.0
    table["truth"] = ""
    assert (
        check(replace(records, clips=replace(records.clips, table=table)), "test", ("train",)).session_baseline is None
    )


def test_is_kept_with_a_round(records, tmp_path):
    leak = check(records, "test", ("train",))
    write_leak(tmp_path, leak)
    assert read_leak(tmp_path) == leak


def test_table_has_a_row_for_each_tested_part(records):
    assert leaks_table(records).row_count == 2

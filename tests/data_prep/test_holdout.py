"""What is held out for the test: a stratified fifth of the sessions, never a scene's last."""

import collections

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_prep import PrepareError
from data_prep.dataset import Clip
from data_prep.holdout import hold_out


def clips_of(sessions):
    """Labelled clips of (scene, session, number of clips)."""
    return [
        Clip(f"{scene}-{session}-{i}", "", scene, True, session=session)
        for scene, session, count in sessions
        for i in range(count)
    ]


def test_holds_out_a_fifth_of_every_scene():
    clips = hold_out(clips_of([(scene, "", 20) for scene in ("bus", "metro", "park")]))
    tested = collections.Counter(clip.scene for clip in clips if clip.split == "test")
    assert tested == {"bus": 4, "metro": 4, "park": 4}


@given(counts=st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4)), min_size=6, max_size=20))
def test_sessions_stay_whole_and_scenes_keep_training_clips(counts):
    clips = clips_of([(scene, f"s{i}", count) for i, (scene, count) in enumerate(counts)])
    try:
        parts = hold_out(clips)
    except PrepareError:
        return
    splits = collections.defaultdict(set)
    for clip in parts:
        splits[clip.session].add(clip.split)
    assert all(len(of_session) == 1 for of_session in splits.values())
    assert {clip.scene for clip in parts if clip.split == "train"} == {clip.scene for clip in clips}
    assert any(clip.split == "test" for clip in parts)
    assert parts == hold_out(clips)


def test_a_scene_of_one_session_is_not_tested():
    clips = hold_out(clips_of([("bus", "only", 6)] + [("park", f"s{i}", 2) for i in range(12)]))
    assert {clip.split for clip in clips if clip.scene == "bus"} == {"train"}


def test_says_when_there_are_too_few_clips():
    with pytest.raises(PrepareError, match="too few to hold some out"):
        hold_out(clips_of([("bus", "one visit", 9), ("park", "", 1)]))


def test_scenes_of_a_few_clips_are_tested_too():
    clips = hold_out(clips_of([(scene, "", 3) for scene in "abcdef"]))
    assert collections.Counter(clip.split for clip in clips) == {"train": 12, "test": 6}

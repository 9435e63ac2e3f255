from collections import Counter, defaultdict

import pytest

from data_prep.synthesis import SCENES, plan
from data_prep.synthesis.plan import SOURCE_CITIES, TARGET_CITIES, UNSEEN_CITIES, UNSEEN_DEVICES

CLIPS = plan(7)


def test_ids_are_unique_and_name_the_clip():
    assert len({c.id for c in CLIPS}) == len(CLIPS) == 2400
    for clip in CLIPS:
        split, scene, city, number, device = clip.id.split("-")
        assert (split, scene, city, device) == (clip.split, clip.scene, clip.city, clip.device)
        assert number.isdigit()


@pytest.mark.parametrize("split, per_scene", [("source", 100), ("train", 16), ("unlabelled", 64), ("test", 60)])
def test_splits_are_balanced_over_scenes(split, per_scene):
    assert Counter(c.scene for c in CLIPS if c.split == split) == dict.fromkeys(SCENES, per_scene)


def test_only_the_unlabelled_split_lacks_labels():
    assert {(c.split, c.labelled) for c in CLIPS} == {
        ("source", True),
        ("train", True),
        ("unlabelled", False),
        ("test", True),
    }


def test_a_session_is_one_place_in_one_split():
    places = defaultdict(set)
    for clip in CLIPS:
        places[clip.session].add((clip.split, clip.city, clip.scene))
    assert max(len(p) for p in places.values()) == 1
    assert len(places) == 10 * (20 + 4 + 16 + 12)


def test_cities_and_devices_of_the_splits():
    cities, devices = defaultdict(set), defaultdict(set)
    for clip in CLIPS:
        cities[clip.split].add(clip.city)
        devices[clip.split].add(clip.device)
    assert cities["source"] == set(SOURCE_CITIES)
    assert cities["train"] == cities["unlabelled"] == set(TARGET_CITIES)
    assert cities["test"] == set(TARGET_CITIES + UNSEEN_CITIES)
    assert cities["source"].isdisjoint(cities["test"])
    assert devices["source"] == {"a", "b", "c"}
    assert devices["train"] == devices["unlabelled"] == {"a", "s1", "s2", "s3"}
    assert devices["test"] == devices["train"] | set(UNSEEN_DEVICES)


def test_devices_of_the_test_split_are_balanced():
    test = [c for c in CLIPS if c.split == "test"]
    assert set(Counter(c.device for c in test).values()) == {85, 86}
    assert set(Counter((c.scene, c.device) for c in test).values()) == {8, 9}


def test_most_source_clips_are_of_the_reference_device():
    assert Counter(c.device for c in CLIPS if c.split == "source") == {"a": 600, "b": 200, "c": 200}


def test_plan_depends_on_the_seed_alone():
    assert plan(7) == CLIPS
    assert [c.id for c in plan(8)] != [c.id for c in CLIPS]
    assert {c.seed for c in plan(8)} == {8}

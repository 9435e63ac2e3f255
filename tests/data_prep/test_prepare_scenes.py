"""The demo's records: those of data_prep.synthesis, under a name that changes with seed and code."""

import dataclasses

import numpy as np
import pandas
import pytest
import tensorflow_datasets as tfds

from data_prep import prepare, scenes, synthesis


@pytest.fixture
def short_plan(monkeypatch):
    """Every 97th clip of the plan."""
    plan = synthesis.plan
    monkeypatch.setattr(synthesis, "plan", lambda seed: plan(seed)[::97])


@pytest.mark.usefixtures("short_plan")
def test_records_are_the_rendered_clips(tmp_path):
    folder = prepare("scenes", seconds=0.5, seed=3, data_dir=str(tmp_path))
    builder = tfds.builder_from_directory(folder)
    assert builder.info.features["label"].names == list(synthesis.SCENES)
    table = pandas.read_csv(folder / "clips.csv", dtype=str, keep_default_na=False)
    assert set(table["domains"]) == {"source", "train", "unlabelled", "test"}
    for number, clip in enumerate(synthesis.plan(3)):
        record = builder.as_data_source("clips")[number]
        np.testing.assert_array_equal(record["audio"], synthesis.render(clip, 0.5))
        truth = synthesis.SCENES.index(clip.scene)
        assert (record["label"], record["truth"]) == (truth if clip.labelled else -1, truth)
        assert record["session"].decode() == clip.session == table["session"][number]
        assert table["domains"][number] == clip.split


def test_seed_length_and_code_change_the_name(tmp_path, monkeypatch):
    names = [scenes.collect(10, 0).config_name, scenes.collect(10, 1).config_name, scenes.collect(5, 0).config_name]
    (tmp_path / "render.py").write_text("changed")
    monkeypatch.setattr(synthesis, "__file__", str(tmp_path / "__init__.py"))
    names.append(scenes.collect(10, 0).config_name)
    assert len(set(names)) == 4
    assert names[3] == scenes.collect(10, 0).config_name


def test_the_plan_has_the_fields_of_a_clip():
    dataset = scenes.collect(10, 0)
    assert {"id", "split", "scene", "labelled", "device", "city", "session"} <= {
        field.name for field in dataclasses.fields(dataset.clips[0])
    }

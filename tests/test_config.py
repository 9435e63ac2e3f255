import dataclasses

import pytest

from asc_jax.cli import experiments
from asc_jax.config import Synthesis, all_rounds, rounds


def test_rounds_chain_from_pretraining_to_pseudo_labels():
    demo = experiments()["demo"]
    starts = {each.name: each.start for each in all_rounds(demo)}
    assert starts == {
        "pretrain": None,
        "scratch": None,
        "finetune-1": "pretrain",
        "finetune-2": "finetune-1",
        "finetune-3": "finetune-2",
        "pseudolabel": "finetune-3",
    }
    fewer = dataclasses.replace(demo, finetune_rounds=1)
    assert rounds(fewer, "pseudolabel")[0].start == "finetune-1"
    assert [each.name for each in rounds(fewer, "finetune")] == ["finetune-1"]


def test_synthesised_sounds_come_before_a_source_or_in_its_place():
    before = dataclasses.replace(experiments()["demo_robust"], synthesis=Synthesis(steps=410))
    assert {each.name: (each.start, each.data) for each in all_rounds(before)[:2]} == {
        "synthesis": (None, "scenes"),
        "pretrain": ("synthesis", "scenes"),
    }
    alone = dataclasses.replace(before, source="synthesis", target="clips")
    first, finetuned = rounds(alone, "pretrain"), rounds(alone, "finetune")
    assert [(each.name, each.data, each.splits) for each in first] == [("synthesis", "clips", ("train",))]
    assert first[0].phase.epochs == 21 and first[0].phase.batch_size == 192  # of 20 steps
    assert finetuned[0].start == "synthesis"


def test_shipped_weights_take_the_place_of_a_source_and_are_not_trained():
    shipped = experiments()["few_labels"]
    (first,) = rounds(shipped, "pretrain")
    assert (first.name, first.data, first.splits, first.shipped) == ("pretrain", "clips", ("train",), True)
    assert first.phase.epochs == first.phase.steps == 0
    assert rounds(shipped, "pseudolabel")[0].start == "pretrain"
    own = rounds(dataclasses.replace(shipped, source_clips="others.csv"), "pretrain")
    assert [(each.shipped, each.phase.epochs) for each in own] == [(False, 5)]


def test_only_pseudolabel_learns_from_unlabelled_clips():
    assert [each.name for each in all_rounds(experiments()["esc10"]) if "unlabelled" in each.splits] == ["pseudolabel"]


@pytest.mark.parametrize("name", ["released", "paper"])
def test_published_schedules(name):
    experiment = experiments()[name]
    assert experiment.seconds == 10
    for each in all_rounds(experiment):
        assert each.phase.epochs == 100 and each.phase.learning_rate == 1e-3 and each.phase.weight_decay == 0.01
        expected = 64 if name == "released" and each.name != "pretrain" else 32
        assert each.phase.batch_size == expected
        assert each.data == ("tau2020" if each.name == "pretrain" else "cas2023")


def test_a_file_beside_the_experiments_that_defines_none_is_passed_over(tmp_path, monkeypatch):
    import experiments as package

    (tmp_path / "lists_of_mine.py").write_text("FOLDS = 5\n")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    assert "demo" in experiments() and "lists_of_mine" not in experiments()


def test_every_experiment_opens_with_its_command():
    for name in experiments():
        module = __import__(f"experiments.{name}", fromlist=["experiment"])
        assert module.experiment.name == name
        assert "\n    make " in module.__doc__

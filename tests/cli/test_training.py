import dataclasses
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import pytest

from asc_jax.cli import experiments, main, training
from asc_jax.config import Synthesis, all_rounds, rounds
from asc_jax.errors import UserError


def test_debug_nans_holds_for_all_of_a_round(monkeypatch, tmp_path):
    def run(*_):
        jax.jit(jnp.sort)(jnp.ones(3))  # one of what JAX does not look at, and must look again after
        log = jax.jit(jnp.log)
        for number in (1, 1, -1):  # the third call goes the fast way
            log(jnp.full(3, float(number)))

    monkeypatch.setattr("asc_jax.train.rounds.run", run)
    monkeypatch.setattr(training, "records_of", lambda *_: None)
    monkeypatch.setattr("asc_jax.train.rounds.check_round", lambda *_: None)
    with pytest.raises(FloatingPointError):
        main(["scratch", "demo", "--debug-nans", "--workdir", str(tmp_path)])


def test_a_command_without_rounds_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("asc_jax.evaluate.runs.scored_rounds", lambda folder: [])
    monkeypatch.setattr(training, "print_rounds", lambda found: None)
    monkeypatch.setattr(training, "_later", lambda *_: [])
    main(["finetune", "few_labels", "--workdir", str(tmp_path)])
    assert "few_labels has no finetune rounds (--finetune-rounds 0)" in capsys.readouterr().err


def test_a_pretraining_on_other_scenes_is_nothing_to_label_by(monkeypatch):
    experiment = dataclasses.replace(experiments()["few_labels"], source="scenes", clips="mine.csv")
    of = {
        "scenes": SimpleNamespace(path="scenes", scenes=("bus",)),
        "clips": SimpleNamespace(path="clips", scenes=("dog",)),
    }
    monkeypatch.setattr(training, "records_of", lambda experiment, each: of[each.data])
    with pytest.raises(UserError, match="use --finetune-rounds 1"):
        training._check_scenes(experiment, rounds(experiment, "pseudolabel")[0], of["clips"])
    training._check_scenes(experiment, rounds(experiment, "pseudolabel")[0], of["scenes"])


def test_other_recordings_take_the_place_of_the_source(monkeypatch):
    """Pretraining, its round on sounds included, has --source-clips; what follows has --clips."""
    experiment = dataclasses.replace(
        experiments()["few_labels"],
        source_clips="others.csv",
        clips="mine.csv",
        synthesis=Synthesis(steps=20),
    )
    monkeypatch.setattr(training, "prepared", lambda name, source, _: (name, source))
    monkeypatch.setattr("asc_jax.data.splits.open_records", lambda path, *_: SimpleNamespace(path=path, samples=80_000))
    found = [training.records_of(experiment, each).path for each in all_rounds(experiment)]
    before, after = ("clips", "others.csv"), ("clips", "mine.csv")
    assert found == [before, before, after, after]  # of which scratch is the third
    assert {each.splits for each in rounds(experiment, "pretrain")} == {("train",)}

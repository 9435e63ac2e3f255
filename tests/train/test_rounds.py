"""The chain of phases on a few clips of one second, in one process."""

import dataclasses
import os
import pathlib
import shutil
import signal
from contextlib import nullcontext

import jax
import numpy as np
import pandas
import pytest
import soundfile

from asc_jax.config import Augmentation, Experiment, Phase, Synthesis, rounds
from asc_jax.data.leaks import read_leak
from asc_jax.devices import shard_batch
from asc_jax.errors import UserError
from asc_jax.evaluate.predict import predict
from asc_jax.evaluate.runs import FinishedRound, ancestors, read_run
from asc_jax.net.scenenet import SceneNet
from asc_jax.train import claims, loop
from asc_jax.train.lock import locked
from asc_jax.train.rounds import run
from asc_jax.train.step import create_state
from asc_jax.train.stopping import Preempted
from asc_jax.train.trained import load
from asc_jax.train.validation import validation_clips

pytestmark = pytest.mark.usefixtures("quickest_to_compile")
PHASE = Phase(epochs=2, batch_size=4)
EXPERIMENT = Experiment(
    name="tiny",
    source="clips",
    target="clips",
    pretrain=PHASE,
    finetune=PHASE,
    pseudolabel=PHASE,
    scratch=PHASE,
    finetune_rounds=2,
    seconds=1.0,
)
SCENES = ("low", "middle", "high")


def tones(split, count):
    """Clips of three scenes, each a tone of its own in noise."""
    rng = np.random.default_rng(len(split))
    for number in range(count):
        tone = 3000 * np.sin(np.arange(16_000) * 0.05 * (number % 3 + 1)) + rng.normal(0, 300, 16_000)
        truth = SCENES[number % 3]
        row = {"id": f"{split}-{number}", "split": split, "truth": truth, "device": f"s{number % 2}"}
        yield row | {"label": "" if split == "unlabelled" else truth}, tone.astype(np.int16)


@pytest.fixture(scope="module")
def records(make_records):
    rows, audio = zip(*tones("train", 9), *tones("unlabelled", 6), *tones("test", 6), strict=True)
    return make_records(rows, np.stack(audio), SCENES)


@pytest.fixture(scope="module")
def chain(records, tmp_path_factory, quickest_to_compile):
    experiment = dataclasses.replace(EXPERIMENT, workdir=str(tmp_path_factory.mktemp("runs")))
    for command in ("pretrain", "finetune", "pseudolabel"):
        for each in rounds(experiment, command):
            run(experiment, each, records)
    return experiment


def variables(experiment, name):
    return load(experiment.folder / name)[2]


def equal(a, b):
    return all(np.array_equal(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def test_every_round_leaves_predictions_and_metrics(chain):
    for name, steps in (("pretrain", 2), ("finetune-1", 2), ("finetune-2", 2), ("pseudolabel", 3)):
        predictions = pandas.read_csv(chain.folder / name / "predictions.csv")
        assert predictions["id"].tolist() == [f"test-{number}" for number in range(6)]
        metrics = pandas.read_csv(chain.folder / name / "metrics.csv")
        assert metrics["step"].tolist() == [steps, 2 * steps]
        assert np.isfinite(metrics.to_numpy()).all()


@pytest.fixture(scope="module")
def validated(make_records, tmp_path_factory, quickest_to_compile):
    """The same clips with a validation split, one of whose clips has no label, and two rounds on them."""
    splits = (("train", 9), ("unlabelled", 6), ("test", 6), ("validation", 5))
    rows, audio = zip(*(clip for split, count in splits for clip in tones(split, count)), strict=True)
    rows = [row | ({"label": "", "truth": ""} if row["id"] == "validation-4" else {}) for row in rows]
    records = make_records(rows, np.stack(audio), SCENES)
    experiment = dataclasses.replace(EXPERIMENT, workdir=str(tmp_path_factory.mktemp("validated")), finetune_rounds=0)
    for command in ("pretrain", "pseudolabel"):
        for each in rounds(experiment, command):
            run(experiment, each, records)
    return experiment, records


def test_validation_clips_are_scored_after_every_epoch(validated):
    experiment, records = validated
    clips = records.split("validation")
    for each in read_run(experiment.folder):
        assert len(each.metrics) == 2 and each.metrics.columns[-2:].tolist() == [
            "validation_loss",
            "validation_accuracy",
        ]
        net, _, variables = load(each.folder)
        found, _ = predict(net, variables, clips, 4)
        found = found.subset(found.truth >= 0)
        angle = np.arccos(found.cosine[range(4), found.truth].astype(float)) + 0.2
        logits = 8 * found.cosine.astype(float)
        logits[range(4), found.truth] = 8 * np.cos(angle)
        loss = np.mean(np.log(np.exp(logits).sum(1)) - logits[range(4), found.truth])
        last = each.metrics.iloc[-1]
        assert last["validation_loss"] == pytest.approx(loss, rel=1e-5)
        assert last["validation_accuracy"] == np.mean(found.label == found.truth)
        assert each.validation_leak.tested == "validation" and each.validation_leak.clips == 5


def test_validation_changes_no_weight(validated, chain):
    assert equal(variables(validated[0], "pretrain"), variables(chain, "pretrain"))
    assert "validation_loss" not in read_run(chain.folder)[0].metrics


def test_a_round_is_not_scored_on_clips_that_it_trains_on(validated):
    experiment, records = validated
    (each,) = rounds(experiment, "pretrain")
    assert validation_clips(each, records) is not None
    assert validation_clips(dataclasses.replace(each, splits=("validation",)), records) is None
    assert validation_clips(dataclasses.replace(each, shipped=True), records) is None


def test_pseudo_labels_are_those_of_the_last_finetuned_network(chain):
    table = pandas.read_csv(chain.folder / "pseudolabel" / "pseudo_labels.csv")
    assert table["id"].tolist() == [f"unlabelled-{number}" for number in range(6)]
    assert table["weight"].min() == 0 and table["weight"].max() == 1
    assert table["truth"].tolist() == ["low", "middle", "high"] * 2


def test_a_chain_of_augmented_clips(chain, records, tmp_path):
    augmentation = Augmentation(time_shift=0.5, dir_prob=0.5, freq_mixstyle_prob=0.5)
    robust = dataclasses.replace(PHASE, steps=5, augmentation=augmentation)
    again = dataclasses.replace(
        chain,
        workdir=str(tmp_path),
        pretrain=robust,
        finetune=robust,
        finetune_rounds=1,
        pseudolabel=robust,
    )
    for command in ("pretrain", "finetune", "pseudolabel"):
        for each in rounds(again, command):
            run(again, each, records)
    assert pandas.read_csv(tmp_path / "pretrain" / "metrics.csv")["step"].tolist() == [2, 4, 6]
    after = pandas.read_csv(tmp_path / "pseudolabel" / "pseudo_labels_after.csv")
    net, scenes, of_this = load(tmp_path / "pseudolabel")
    predictions, _ = predict(net, of_this, records.split("unlabelled"), 4)
    assert after["scene"].tolist() == [scenes[label] for label in predictions.label]


def test_pseudo_labels_beside_teachers(chain, records, tmp_path):
    """A run that was finetuned, and a table that is sure of "high" where the clip is of a test: both are averaged."""
    (tmp_path / "table.csv").write_text("id,low,middle,high\nunlabelled-0,0,0,1\ntest-1,0,0,1\n")
    found = (f"{chain.folder}/finetune-1", f"{tmp_path}/table.csv")
    taught = dataclasses.replace(chain, workdir=str(tmp_path / "run"), start=f"{chain.folder}/", teachers=found)
    shutil.copytree(chain.folder / "finetune-2", tmp_path / "run" / "finetune-2")
    (each,) = rounds(taught, "pseudolabel")
    run(taught, each, records)
    soft = pandas.read_csv(tmp_path / "run" / "pseudolabel" / "soft_labels.csv").set_index("id")
    assert len(soft) == 15 and soft.columns.tolist() == list(SCENES)
    net, _, of_teacher = load(chain.folder / "finetune-1")
    predictions, _ = predict(net, of_teacher, records.split("train", "unlabelled"), 4)
    expected = pandas.DataFrame(predictions.probability, predictions.details["id"])
    expected.loc["unlabelled-0"] = (expected.loc["unlabelled-0"] + [0, 0, 1]) / 2
    np.testing.assert_allclose(soft.loc[expected.index], expected, atol=1e-5)
    assert not equal(variables(taught, "pseudolabel"), variables(chain, "pseudolabel"))
    with pytest.raises(UserError, match="trained with other settings.*teachers"):
        run(dataclasses.replace(taught, teachers=found[:1]), each, records)


def test_labelled_clips_have_teachers_too_but_not_those_of_a_source(chain, records, tmp_path):
    found = (f"{chain.folder}/pseudolabel",)
    taught = dataclasses.replace(chain, workdir=str(tmp_path), start=f"{chain.folder}/pretrain", teachers=found)
    assert [rounds(taught, command)[0].uses_teachers for command in ("pretrain", "finetune", "scratch")] == [
        False,
        True,
        True,
    ]
    run(taught, rounds(taught, "finetune")[0], records)
    soft = pandas.read_csv(tmp_path / "finetune-1" / "soft_labels.csv").set_index("id")
    assert set(soft.index) == set(records.split("train").column("id"))
    assert not equal(variables(taught, "finetune-1"), variables(chain, "finetune-1"))


def test_a_teacher_that_does_not_fit_leaves_no_settings_behind(chain, records, tmp_path):
    (tmp_path / "teacher.csv").write_text("id,low\nunlabelled-0,1\n")
    taught = dataclasses.replace(chain, teachers=(str(tmp_path / "teacher.csv"),))
    each = dataclasses.replace(rounds(taught, "pseudolabel")[0], name="wrongly-taught")
    with pytest.raises(UserError, match="has no column middle, high"):
        run(taught, each, records)
    assert not (taught.folder / "wrongly-taught").exists()


def test_a_teacher_that_may_have_been_trained_on_the_test_is_refused(chain, records):
    taught = dataclasses.replace(chain, teachers=(f"{chain.folder}/finetune-1",))
    each = dataclasses.replace(rounds(taught, "pseudolabel")[0], name="wrongly-taught")
    with pytest.raises(UserError, match=r"another split of these clips \(.*, not session 2\).*same --split"):
        run(taught, each, dataclasses.replace(records, split_by="session 2"))
    assert not (taught.folder / "wrongly-taught").exists()


def test_synthesised_sounds_come_before_the_source(records, tmp_path):
    synthesis = Synthesis(steps=20, pairs=2, seconds=1.0)
    experiment = dataclasses.replace(EXPERIMENT, synthesis=synthesis, workdir=str(tmp_path))
    for each in rounds(experiment, "pretrain"):
        run(experiment, each, records)
    assert [each.name for each in read_run(tmp_path)] == ["synthesis", "pretrain"]
    assert pandas.read_csv(tmp_path / "synthesis" / "metrics.csv")["step"].tolist() == [20]
    net, _, of_synthesis = load(tmp_path / "synthesis")
    clips = records.split("train")
    _, intermediates = predict(net, of_synthesis, clips, 4)
    unit = intermediates.embedding / np.linalg.norm(intermediates.embedding, axis=1, keepdims=True)
    means = np.stack([unit[clips.class_ids("label") == scene].mean(0) for scene in range(3)])
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(of_synthesis["params"]["head"]["directions"], expected, atol=1e-5)
    assert [each.name for each in ancestors(FinishedRound(tmp_path / "pretrain"))] == ["pretrain", "synthesis"]


def test_shipped_weights_are_tested_by_the_nearest_class_mean(records, tmp_path, monkeypatch):
    weights = create_state(SceneNet(3), records.samples, jax.random.key(5)).variables
    monkeypatch.setattr("asc_jax.train.rounds.shipped", lambda network: weights)
    experiment = dataclasses.replace(EXPERIMENT, source="shipped", workdir=str(tmp_path))
    for each in rounds(experiment, "pretrain"):
        run(experiment, each, records)
    net, _, found = load(tmp_path / "pretrain")
    assert all(equal(weights["params"][part], found["params"][part]) for part in ("wavegram", "attention", "trunk"))
    assert equal(weights["batch_stats"], found["batch_stats"])
    clips = records.split("train")
    embedding = predict(net, found, clips, 4)[1].embedding
    embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
    means = np.stack([embedding[clips.class_ids("label") == scene].mean(0) for scene in range(3)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(found["params"]["head"]["directions"], means, atol=1e-5)
    assert read_run(tmp_path)[0].started_from == "the shipped weights"


def test_a_finished_chain_is_not_trained_again(chain, records):
    before = variables(chain, "finetune-1")
    (each,) = rounds(chain, "pretrain")
    run(chain, each, records)
    assert equal(before, variables(chain, "finetune-1"))


def test_an_interrupted_round_ends_with_the_same_parameters_and_curves(validated, tmp_path, monkeypatch):
    experiment, records = validated
    again = dataclasses.replace(experiment, workdir=str(tmp_path))
    (each,) = rounds(again, "pretrain")
    learning_rate = loop.learning_rate

    def fail_in_the_second_epoch(phase, epoch):
        if epoch == 1:
            raise KeyboardInterrupt
        return learning_rate(phase, epoch)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "learning_rate", fail_in_the_second_epoch)
        with pytest.raises(KeyboardInterrupt):
            run(again, each, records)
    assert len(pandas.read_csv(tmp_path / "pretrain" / "metrics.csv")) == 1
    run(again, each, records)
    assert equal(variables(experiment, "pretrain"), variables(again, "pretrain"))
    ours, theirs = (
        read_run(folder)[0].metrics.drop(columns="clips_per_second") for folder in (again.folder, experiment.folder)
    )
    pandas.testing.assert_frame_equal(ours, theirs, check_exact=True)


def test_sigterm_finishes_the_step_and_the_round_goes_on_from_it(chain, records, tmp_path, monkeypatch):
    again = dataclasses.replace(chain, workdir=str(tmp_path))
    (each,) = rounds(again, "pretrain")
    monkeypatch.setattr(
        loop, "shard_batch", lambda batch: (os.kill(os.getpid(), signal.SIGTERM), shard_batch(batch))[1]
    )
    for step in (1, 2, 3, 4):  # one step a call, of which the second and fourth end an epoch
        with pytest.raises(Preempted, match=f"after step {step},") if step < 4 else nullcontext():
            run(again, each, records)
        assert len(pandas.read_csv(tmp_path / "pretrain" / "metrics.csv")) == step // 2
    ours, theirs = (pandas.read_csv(each.folder / "pretrain" / "metrics.csv") for each in (again, chain))
    same = ["step", "epoch", "learning_rate", "loss", "accuracy"]  # of all steps of an epoch, in however many calls
    pandas.testing.assert_frame_equal(ours[same], theirs[same], check_exact=True)
    assert equal(variables(chain, "pretrain"), variables(again, "pretrain"))


def test_a_loss_that_is_no_number_names_the_step_its_clips_and_the_last_checkpoint(
    chain, records, tmp_path, monkeypatch
):
    again = dataclasses.replace(chain, workdir=str(tmp_path))
    (each,) = rounds(again, "pretrain")
    seen = []

    def third_is_bad(batch):
        seen.append(batch["label"])
        weight = batch["weight"] * (np.nan if len(seen) == 3 else 1)
        return shard_batch(batch | {"weight": weight})

    monkeypatch.setattr(loop, "shard_batch", third_is_bad)
    with pytest.raises(UserError, match="the loss or weights of step 2 are not finite.*checkpoint: step 2") as raised:
        run(again, each, records)
    names = str(raised.value).split("Its clips: ")[1].split(". ")[0].split(", ")
    scenes = {row["id"]: SCENES.index(row["truth"]) for row, _ in tones("train", 9)}
    assert [scenes[name] for name in names] == seen[2].tolist()


def test_weights_that_are_no_numbers_are_not_saved(chain, records, tmp_path, monkeypatch):
    again = dataclasses.replace(chain, workdir=str(tmp_path))
    (each,) = rounds(again, "pretrain")
    made = loop.training_step

    def spoiled(net, phase, **_):
        def step(state, *arguments):
            state, metrics = made(net, phase)(state, *arguments)
            return state.replace(params=jax.tree.map(lambda leaf: leaf * np.float32(np.nan), state.params)), metrics

        return step

    with monkeypatch.context() as patch:
        patch.setattr(loop, "training_step", spoiled)
        patch.setattr(loop, "_finite", lambda history, first: {"loss": 1.0, "accuracy": 0.5})
        with pytest.raises(UserError, match="weights of step 1 are not finite.*checkpoint: step none"):
            run(again, each, records)
    run(again, each, records)
    assert equal(variables(chain, "pretrain"), variables(again, "pretrain"))


def test_finetuning_keeps_the_trunk_and_replaces_the_head(chain, records, tmp_path):
    # a learning rate of nearly zero, so that what is left is what the round began with
    still = dataclasses.replace(PHASE, learning_rate=1e-12, min_learning_rate=1e-12)
    again = dataclasses.replace(chain, finetune=still)
    (each, *_) = rounds(again, "finetune")
    each = dataclasses.replace(each, name="still")
    run(again, each, records)
    before, after = variables(chain, "pretrain")["params"], variables(chain, "still")["params"]
    assert not np.allclose(before["head"]["directions"], after["head"]["directions"], atol=1e-3)
    for split in ("wavegram", "attention", "trunk"):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-9), before[split], after[split])


def test_what_cannot_run_says_why(chain, records, tmp_path):
    fresh = dataclasses.replace(chain, workdir=str(tmp_path))
    with pytest.raises(UserError, match="asc-jax pretrain tiny"):
        run(fresh, rounds(fresh, "finetune")[0], records)
    large, single = (dataclasses.replace(fresh, pretrain=Phase(batch_size=size)) for size in (10, 1))
    with pytest.raises(UserError, match="--batch-size 2 or more"):
        run(single, *rounds(single, "pretrain"), records)
    with pytest.raises(UserError, match="--batch-size 9"):
        run(large, rounds(large, "pretrain")[0], records)
    assert not (tmp_path / "pretrain").exists()  # the folder is not taken by settings that cannot run
    untested = dataclasses.replace(records, splits=records.splits.replace("test", ""))
    pairs = dataclasses.replace(fresh, synthesis=Synthesis(steps=20, pairs=3))
    with pytest.raises(UserError, match="use --synthesis-pairs 4"):
        run(pairs, rounds(pairs, "pretrain")[0], records)
    with pytest.raises(UserError, match="no clips in split 'test'"):
        run(fresh, rounds(fresh, "pretrain")[0], untested)
    renamed = dataclasses.replace(records, clips=dataclasses.replace(records.clips, scenes=("a", "b", "c")))
    again = dataclasses.replace(rounds(chain, "pseudolabel")[0], name="again")
    with pytest.raises(UserError, match="finetune on the same data set first"):
        run(chain, again, renamed)
    longer = dataclasses.replace(records, clips=dataclasses.replace(records.clips, samples=32_000))
    with pytest.raises(UserError, match="--seconds"):
        run(
            dataclasses.replace(chain, seconds=2.0), dataclasses.replace(rounds(chain, "finetune")[0], name="x"), longer
        )


def test_unlabelled_clips_are_nothing_to_pretrain_on(records, tmp_path):
    experiment = dataclasses.replace(EXPERIMENT, workdir=str(tmp_path), source_split="unlabelled")
    with pytest.raises(UserError, match="pretrain: 6 clips of unlabelled have no label"):
        run(experiment, rounds(experiment, "pretrain")[0], records)


def test_a_changed_seed_batch_size_or_data_set_is_refused(chain, records):
    each = rounds(chain, "pretrain")[0]
    other = dataclasses.replace(chain, seed=1)
    with pytest.raises(UserError, match="seed was 0, is now 1"):
        run(other, each, records)
    with pytest.raises(UserError, match="batch_size was 4, is now 3"):
        run(chain, dataclasses.replace(each, phase=dataclasses.replace(PHASE, batch_size=3)), records)
    run(chain, each, dataclasses.replace(records, path=pathlib.Path("moved/clips/1s-1/2.0.0")))  # the same clips
    table = records.clips.table.assign(sha256="other")
    with pytest.raises(UserError, match="data was clips/[0-9a-f]+, is now clips/[0-9a-f]+"):
        run(chain, each, dataclasses.replace(records, clips=dataclasses.replace(records.clips, table=table)))
    with pytest.raises(UserError, match=r"split was listed \(0\), is now session 1 \(0\)"):
        run(chain, each, dataclasses.replace(records, split_by="session 1 (0)"))


def test_other_responses_under_the_same_name_are_refused(records, tmp_path):
    responses = tmp_path / "responses"
    responses.mkdir()
    augmentation = Augmentation(dir_prob=1, impulse_responses=str(responses))
    phase = dataclasses.replace(PHASE, epochs=1, augmentation=augmentation)
    experiment = dataclasses.replace(EXPERIMENT, workdir=str(tmp_path / "runs"), pretrain=phase)
    each = rounds(experiment, "pretrain")[0]
    soundfile.write(responses / "one.wav", [1.0, 0.5], 16_000)
    run(experiment, each, records)
    run(experiment, each, records)
    soundfile.write(responses / "one.wav", [1.0, -0.5], 16_000)
    with pytest.raises(UserError, match=r"responses was [0-9a-f]{8}, is now [0-9a-f]{8}"):
        run(experiment, each, records)


@pytest.mark.parametrize("cache", ["host", "device"])
def test_where_the_clips_are_kept_changes_nothing(chain, records, tmp_path, cache):
    again = dataclasses.replace(chain, workdir=str(tmp_path), cache=cache)
    run(again, rounds(again, "pretrain")[0], records)
    assert equal(variables(chain, "pretrain"), variables(again, "pretrain"))


def test_the_leak_check_is_printed_and_kept(chain, records, tmp_path, capsys):
    again = dataclasses.replace(chain, workdir=str(tmp_path), pretrain=dataclasses.replace(PHASE, epochs=1))
    run(again, rounds(again, "pretrain")[0], records)
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("pretrain, leak check"))
    assert "no session is known" in line and "0 of 6 share the same audio" in line
    assert str(read_leak(again.folder / "pretrain")) in line
    assert read_leak(chain.folder / "pseudolabel").trained_on == "train and unlabelled"


def test_configuration_and_versions_stand_beside_the_checkpoints(chain):
    settings = claims.settings(chain.folder / "pseudolabel")
    assert settings["round"]["start"] == "finetune-2"
    assert settings["scenes"] == ["low", "middle", "high"]


def test_one_training_at_a_time(chain, records, tmp_path):
    again = dataclasses.replace(chain, workdir=str(tmp_path))
    (each,) = rounds(again, "pretrain")
    with locked(tmp_path / "pretrain"), pytest.raises(UserError, match="pretrain: another training is at work here"):
        run(again, each, records)
    with locked(tmp_path / "pretrain"):
        pass


def test_a_run_of_ones_own_is_a_start(chain, records, tmp_path):
    again = dataclasses.replace(chain, workdir=str(tmp_path), start=str(chain.folder), finetune_rounds=1)
    (each,) = rounds(again, "finetune")
    run(again, each, records)
    descent = ancestors(FinishedRound(tmp_path / "finetune-1"))
    assert [other.name for other in descent] == ["finetune-1", "pseudolabel", "finetune-2", "finetune-1", "pretrain"]
    missing = dataclasses.replace(again, workdir=str(tmp_path / "other"), start=str(tmp_path / "nothing"))
    with pytest.raises(UserError, match="nothing: there is no such run"):
        run(missing, rounds(missing, "finetune")[0], records)


def test_a_round_that_was_copied_under_another_name_descends_from_nothing_known(chain, records, tmp_path):
    shutil.copytree(chain.folder / "finetune-1", tmp_path / "pretrain")
    again = dataclasses.replace(chain, workdir=str(tmp_path), finetune_rounds=1)
    run(again, rounds(again, "finetune")[0], records)
    assert [other.name for other in ancestors(FinishedRound(tmp_path / "finetune-1"))] == ["finetune-1", "pretrain"]

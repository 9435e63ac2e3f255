import json

import numpy as np

from asc_jax.evaluate.evaluation import evaluate
from asc_jax.evaluate.predict import Predictions
from asc_jax.evaluate.runs import FinishedRound
from asc_jax.report import headline
from asc_jax.report.headline import training


def change(folder, **settings):
    config = json.loads((folder / "config.json").read_text())
    config["settings"] |= settings
    (folder / "config.json").write_text(json.dumps(config))


def test_it_names_what_each_phase_was_trained_on(complete):
    assert training(FinishedRound(complete / "pseudolabel")) == (
        "The network was pretrained on own recordings (split train), finetuned on the split train "
        "and trained with pseudo-labels on the split train"
    )
    assert training(FinishedRound(complete / "scratch")) == (
        "The network was trained from scratch on own recordings (split train)"
    )


def test_it_names_another_data_set_and_what_was_imported(changeable):
    change(changeable / "pretrain", data="tau2020/0badcafe")
    assert training(FinishedRound(changeable / "finetune-1")) == (
        "The network was pretrained on TAU 2020 Mobile (split train) and finetuned on own recordings (split train)"
    )
    again = {"name": "pseudolabel", "command": "finetune", "start": "finetune-1", "splits": ["train"]}
    change(changeable / "pseudolabel", round=again)  # a second finetuning
    assert training(FinishedRound(changeable / "pseudolabel")) == training(FinishedRound(changeable / "finetune-1"))
    change(changeable / "pretrain", data="", imported="0badcafe")
    assert training(FinishedRound(changeable / "finetune-1")) == (
        "The network was imported from a PyTorch checkpoint and finetuned on own recordings (split train)"
    )


def test_it_names_synthesised_sounds_and_ensembles(changeable):
    sounds = {"name": "pretrain", "command": "pretrain", "start": None, "splits": ["train"], "shipped": True}
    change(changeable / "pretrain", round=sounds)
    assert training(FinishedRound(changeable / "finetune-1")).startswith(
        "The network was pretrained on synthesised sounds and finetuned on own recordings"
    )
    change(changeable / "pseudolabel", members=["/gone/1", "/gone/2"])
    assert training(FinishedRound(changeable / "pseudolabel")).startswith("The ensemble of 2 networks was trained with")


def test_it_counts_what_is_known_of_the_tested_clips(complete, write_round, made_up, tmp_path):
    round_ = FinishedRound(complete / "pseudolabel")
    table = round_.predictions.details
    assert len(set(table["session"])) == 15
    assert headline.tested(round_, evaluate(round_)) == (
        "60 test clips from 15 recording sessions, 3 devices (1 unseen in training) and 2 cities (1 unseen in training)"
    )
    one = made_up().subset(np.array([0]))
    details = one.details | {"session": [""], "city": [""]}
    write_round(tmp_path, "scratch", Predictions(one.scenes, one.cosine, one.truth, details), devices=())
    round_ = FinishedRound(tmp_path / "scratch")
    assert headline.tested(round_, evaluate(round_)) == "1 test clip from 1 device"

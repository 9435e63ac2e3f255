import json
from dataclasses import asdict

from asc_jax.config import Augmentation, Phase
from asc_jax.older import renamed

SETTINGS = """{"settings": {"seed": 0, "round": {"parts": ["train"], "phase": {
    "epochs": 4, "steps": 0, "batch_size": 16, "learning_rate": 0.001, "final_learning_rate": 0.0001,
    "weight_decay": 0.01, "checkpoint_every": 1, "augmentation": {
        "shift": 0.5, "roll": 5.0, "response": 0.6, "microphones": null, "style": 0.4}}}}}"""


def test_settings_of_an_earlier_version_are_those_of_today():
    augmentation = Augmentation(time_shift=0.5, dir_prob=0.6, freq_mixstyle_prob=0.4)
    phase = asdict(Phase(epochs=4, batch_size=16, augmentation=augmentation))
    expected = {"settings": {"seed": 0, "round": {"splits": ["train"], "phase": phase}}}
    assert renamed(json.loads(SETTINGS)) == renamed(expected) == expected

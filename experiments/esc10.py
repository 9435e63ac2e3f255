"""Real recordings: ESC-10 through measured microphones, 61 labelled clips; pretrained on the synthesised scenes.

    make pretrain finetune pseudolabel scratch EXPERIMENT=esc10 ARGS="--clips data/esc10_shift/clips.csv"

RESULT
"""

from asc_jax.config import Experiment, Phase

experiment = Experiment(
    name="esc10",
    source="scenes",
    source_split="source",
    target="clips",
    seconds=5.0,
    pretrain=Phase(epochs=4, batch_size=16),
    finetune=Phase(epochs=30, batch_size=16, checkpoint_every=5),
    pseudolabel=Phase(epochs=12, batch_size=16),
    scratch=Phase(epochs=90, batch_size=16, checkpoint_every=5),
)

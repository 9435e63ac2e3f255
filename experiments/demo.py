"""The built-in demo: ten synthesised scenes, other cities and devices in the target domain, 20 % of it labelled.

    make pretrain finetune pseudolabel scratch

RESULT
"""

from asc_jax.config import Experiment, Phase

experiment = Experiment(
    name="demo",
    source="scenes",
    source_split="source",
    target="scenes",
    seconds=2.0,
    pretrain=Phase(epochs=4, batch_size=16),
    finetune=Phase(epochs=6, batch_size=16),
    pseudolabel=Phase(epochs=4, batch_size=16),
    scratch=Phase(epochs=18, batch_size=16),
)

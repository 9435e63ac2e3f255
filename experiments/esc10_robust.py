"""Real recordings as in `esc10`, with the recipe of `robust`: 61 labelled clips are seen often enough to learn from.

    make pretrain finetune EXPERIMENT=esc10_robust ARGS="--clips data/esc10_shift/clips.csv"

What it reaches has not been measured yet.
"""

import dataclasses

from experiments.esc10 import experiment as esc10
from experiments.robust import robust

recipe = robust(esc10)
experiment = dataclasses.replace(
    recipe,
    name="esc10_robust",
    pretrain=dataclasses.replace(recipe.pretrain, epochs=5, batch_size=32),
    finetune=dataclasses.replace(recipe.finetune, epochs=1, steps=200),
    pseudolabel=dataclasses.replace(recipe.pseudolabel, epochs=1, steps=300, batch_size=32),
    scratch=dataclasses.replace(recipe.scratch, epochs=1, steps=400),
)

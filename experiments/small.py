"""For DCASE's task 1: the recipe of `robust` with a network within its limits for clips of 1 s.

    asc-jax complexity small --rules dcase

It counts 119.5 of 128 kB of parameters, stored as int8, and 22.1 of 30 million multiply-accumulates. The shipped
weights are not of this network, so it is pretrained on synthesised sounds, and then finetuned on a split of TAU 2022
(`--tau2022`, `--split 25`). Nothing was trained on that here: its authors give it out.
"""

import dataclasses

from asc_jax.config import Phase, Synthesis
from experiments.released import experiment as released
from experiments.robust import robust

large_batches = Phase(batch_size=256)
recipe = robust(dataclasses.replace(released, finetune=large_batches, pseudolabel=large_batches, scratch=large_batches))
experiment = dataclasses.replace(
    recipe,
    name="small",
    source="synthesis",
    synthesis=Synthesis(steps=400),
    target="tau2022",
    seconds=1.0,
    network=dataclasses.replace(recipe.network, width=0.35, hop=256),
)

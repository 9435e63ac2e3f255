"""For DCASE's task 1: the recipe of `robust` with a network within its limits for clips of 1 s.

    make pretrain finetune EXPERIMENT=small ARGS="--tau2022 /data/TAU2022 --split 25"

`asc-jax complexity small --rules dcase` counts 114.7 of 128 kB of parameters, stored as int8, and 23.0 of 30 million
multiply-accumulates. The shipped weights are not of this network, so it is pretrained on synthesised sounds. Nothing
was trained on TAU 2022 here: its authors give it out. What such a network reaches on other recordings stands in
experiments/README.md.
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

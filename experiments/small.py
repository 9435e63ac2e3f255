"""For DCASE's task 1: the recipe of `robust` with a network within its limits on clips of 1 s.

    make pretrain finetune EXPERIMENT=small ARGS="--tau2020 /data/TAU2020"

`asc-jax complexity small --rules dcase` counts 119.5 of 128 kB of parameters, stored as int8, and 22.1 of 30 million
multiply-accumulates. The shipped weights are not of this network, so it is pretrained on synthesised sounds.
"""

import dataclasses

from asc_jax.config import Phase, Synthesis
from experiments.released import experiment as released
from experiments.robust import robust

recipe = robust(dataclasses.replace(released, finetune=Phase(batch_size=256), scratch=Phase(batch_size=256)))
experiment = dataclasses.replace(
    recipe,
    name="small",
    source="synthesis",
    synthesis=Synthesis(steps=400),
    target="tau2020",
    seconds=1.0,
    network=dataclasses.replace(recipe.network, width=0.35, hop=256),
)

"""The network as the paper words it: 128 Wavegram filters, magnitude log-mel, plain projection, batches of 32.

    make pretrain finetune pseudolabel EXPERIMENT=paper ARGS="--tau2020 /data/TAU2020 --cas2023 /data/CAS2023"

Published figures are those of `released`; none are known for this variant.
"""

import dataclasses

from asc_jax.config import PAPER, Phase
from experiments.released import experiment as released

experiment = dataclasses.replace(
    released,
    name="paper",
    network=PAPER,
    finetune=Phase(batch_size=32),
    pseudolabel=Phase(batch_size=32),
    scratch=Phase(batch_size=32),
)

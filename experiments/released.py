"""The released RM3Team system: pretrained on TAU 2020 Mobile, finetuned three times on CAS 2023, then pseudo-labels.

    make pretrain finetune pseudolabel EXPERIMENT=released ARGS="--tau2020 /data/TAU2020 --cas2023 /data/CAS2023"

Published: 44.8 % on TAU 2020 Mobile (fold 1); on CAS 2023, random split, 63.79 % from scratch, 97.70, 98.28 and 99.43 %
after each finetune iteration, 100 % with the unlabelled clips. That split leaks: every test clip shares its recording
session with the training clips. The data sets cannot be redistributed, so this project has not repeated these figures.
"""

from asc_jax.config import Experiment, Phase

experiment = Experiment(
    name="released",
    source="tau2020",
    target="cas2023",
    pretrain=Phase(batch_size=32),
    finetune=Phase(),
    pseudolabel=Phase(),
    scratch=Phase(),
)

"""For unseen devices and cities, and few labels: `released`, augmented, normalised by band and averaged over time.

    make pretrain finetune pseudolabel EXPERIMENT=robust ARGS="--tau2020 /data/TAU2020 --cas2023 /data/CAS2023"

`demo_robust` is the same for the demo; `few_labels` starts from the shipped weights. Their results are given there.
"""

import dataclasses

from asc_jax.config import Augmentation, Experiment, Network
from experiments.released import experiment as released


def robust(experiment: Experiment) -> Experiment:
    """The experiment with every phase augmented, and one finetuning.

    Its network normalises each band by itself, and shares the global kernel's weights over time.
    """
    # Shares within those of DCASE's winners, 2022 to 2024: device responses 0.4 to 0.6, Freq-MixStyle 0.4 to 0.8. They
    # shift by 0.1 s; shifting by half a clip lets any frame come first.
    augmentation = Augmentation(time_shift=0.5, dir_prob=0.6, freq_mixstyle_prob=0.6)
    phases = {
        name: dataclasses.replace(getattr(experiment, name), augmentation=augmentation)
        for name in ("pretrain", "finetune", "pseudolabel", "scratch")
    }
    network = Network(residual_normalisation=0.3, mean_over_time=True)
    return dataclasses.replace(experiment, name="robust", network=network, finetune_rounds=1, **phases)


experiment = robust(released)

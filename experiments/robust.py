"""For devices and places that training has not heard, and few labels: `released` with augmented clips.

    make pretrain finetune pseudolabel EXPERIMENT=robust ARGS="--tau2020 /data/TAU2020 --cas2023 /data/CAS2023"

`demo_robust` and `esc10_robust` are the same for the demo and for one's own recordings; there it was measured.
"""

import dataclasses

from asc_jax.config import Augmentation, Experiment, Network
from experiments.released import experiment as released


def robust(experiment: Experiment) -> Experiment:
    """The experiment with every phase augmented, the average of the weights tested, and one finetuning.

    Its network hears each band by itself, and weighs all moments alike.
    """
    # Shares and sizes within those of DCASE's winners, 2022 to 2024: Freq-MixStyle 0.4 to 0.8, device responses 0.4 to
    # 0.6, masks of up to 48 of 256 bands, mixup by Beta(0.3); noise and half a clip's roll are our own choice.
    augmentation = Augmentation(
        roll=experiment.seconds / 2, response=0.6, noise=1.0, style=0.6, masked_bands=24, mixup=0.3
    )
    phases = {
        name: dataclasses.replace(
            getattr(experiment, name),
            augmentation=augmentation,
            average=0.99,
            warm_up=20,
            decay_kernels_alone=True,
        )
        for name in ("pretrain", "finetune", "pseudolabel", "scratch")
    }
    network = Network(residual_normalisation=0.3, mean_over_time=True)
    return dataclasses.replace(experiment, name="robust", network=network, finetune_rounds=1, **phases)


experiment = robust(released)

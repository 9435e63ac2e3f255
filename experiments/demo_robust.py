"""The built-in demo with the recipe of `robust`.

    make pretrain finetune pseudolabel EXPERIMENT=demo_robust

What it reaches has not been measured yet.
"""

import dataclasses

from experiments.demo import experiment as demo
from experiments.robust import robust

experiment = dataclasses.replace(robust(demo), name="demo_robust")

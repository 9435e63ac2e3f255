"""Values of options that are out of range, found before a folder is made."""

import math
from collections.abc import Iterator
from pathlib import Path

from asc_jax.config import Experiment, Phase
from asc_jax.errors import UserError

SHORTEST = 0.1  # seconds
LONGEST_SOUND = 60  # seconds, of a synthesised one
COLDEST = 0.01  # temperature: below it float32 has no logits


def check(experiment: Experiment, phase: Phase) -> None:
    """Raises UserError for the first option whose value is out of its range, and for places that are files."""
    for option, value, least, most in _ranges(experiment, phase):
        if not least <= value <= most or (math.isinf(value) and least >= 0):
            range_ = f"{least:g} or more" if math.isinf(most) else f"{least:g} to {most:.10g}"
            range_ = "more than 0" if least == math.ulp(0) else range_
            raise UserError(f"--{option} {value:g}: must be {range_}")
    if experiment.pretrained_on == "synthesis" and not experiment.synthesis.steps:
        raise UserError("--source synthesis: say how long, such as --synthesis-steps 400")
    if experiment.pretrained_on == "shipped" and experiment.synthesis.steps:
        raise UserError(
            f"--synthesis-steps {experiment.synthesis.steps}: the shipped weights are not trained further; "
            "use --source synthesis or --source scenes, too"
        )
    seconds = experiment.synthesis.seconds
    if experiment.synthesis.steps and not experiment.network.mean_over_time and seconds != experiment.seconds:
        raise UserError(
            f"--synthesis-seconds {seconds:g}: this network has weights for each frame of a clip; "
            f"use --synthesis-seconds {experiment.seconds:g} or --mean-over-time"
        )
    for what, place in (("run", experiment.workdir), ("records", experiment.data_dir)):
        if place and "://" not in place and any(part.is_file() for part in (Path(place), *Path(place).parents)):
            raise UserError(f"{place}: is, or is in, a file; name a folder for the {what}")


def _ranges(experiment: Experiment, phase: Phase) -> Iterator[tuple[str, float, float, float]]:
    """(option, its value, the least and the largest that it may have)"""
    augmentation, network, synthesis = phase.augmentation, experiment.network, experiment.synthesis
    yield "seconds", experiment.seconds, SHORTEST, math.inf
    yield "epochs", phase.epochs, 1, math.inf
    yield "steps", phase.steps, 0, math.inf
    yield "batch-size", phase.batch_size, 2, math.inf
    yield "learning-rate", phase.learning_rate, math.ulp(0), math.inf
    yield "min-learning-rate", phase.min_learning_rate, math.ulp(0), math.inf
    yield "weight-decay", phase.weight_decay, 0, math.inf
    yield "checkpoint-every", phase.checkpoint_every, 1, math.inf
    yield "time-shift", augmentation.time_shift, 0, 1
    yield "dir-prob", augmentation.dir_prob, 0, 1
    yield "freq-mixstyle-prob", augmentation.freq_mixstyle_prob, 0, 1
    yield "finetune-rounds", experiment.finetune_rounds, 0, math.inf
    yield "teacher-temperature", experiment.teacher_temperature, COLDEST, math.inf
    yield "teacher-weight", experiment.teacher_weight, 0, math.inf
    yield "seed", experiment.seed, 0, 2**32 - 1
    yield "scenes-seed", experiment.scenes_seed, 0, 2**32 - 1
    yield "synthesis-steps", synthesis.steps, 0, math.inf
    yield "synthesis-pairs", synthesis.pairs, 2, math.inf
    yield "synthesis-seconds", synthesis.seconds, SHORTEST, LONGEST_SOUND
    yield "synthesis-temperature", synthesis.temperature, COLDEST, math.inf
    yield "synthesis-learning-rate", synthesis.learning_rate, math.ulp(0), math.inf
    yield "residual-normalisation", network.residual_normalisation, 0, 1
    yield "wavegram-filters", network.wavegram_filters, 1, math.inf
    yield "width", network.width, math.ulp(0), math.inf
    yield "depth", network.depth, 1, math.inf

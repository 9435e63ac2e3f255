"""Experiments compiled for TPUs by the TPU's own compiler: do they fit, and what do they move and exchange?"""

import os
from dataclasses import replace

import jax
import pytest

from asc_jax.bench.ahead_of_time import compile_evaluation_for, compile_training_for, tpu_mesh
from asc_jax.bench.network import Case
from asc_jax.cli import experiments
from asc_jax.config import Synthesis

A_MAP = 128 * 63 * 4  # bytes of the smallest map of a clip, one channel of 2 s; Freq-MixStyle gathers 2 kB a clip
ROOM = 0.98  # of a chip's memory: programs may use 15.75 of the 16 GB of a v5e
EFFORTS = ("jax_exec_time_optimization_effort", "jax_memory_fitting_effort")

pytestmark = [
    pytest.mark.tpu,
    pytest.mark.skipif("TPU_LIBRARY_PATH" not in os.environ, reason="needs the TPU's compiler, libtpu: make test-tpu"),
]


@pytest.fixture(scope="module", autouse=True)
def quick_compiler():
    """The compiler's least effort: a quarter of the time, and no less memory."""
    with jax.default_matmul_precision("default"):  # as in training, and not as in the other tests
        for effort in EFFORTS:
            jax.config.update(effort, -1.0)
        yield
        for effort in EFFORTS:
            jax.config.update(effort, 0.0)


def case(name, batch=None, bfloat16=False):
    experiment = experiments()[name]
    network = replace(experiment.network, bfloat16=bfloat16)
    return Case(batch or experiment.pretrain.batch_size, experiment.seconds, network, 1, experiment.pretrain)


# A slice, a case, gigabytes that a clip may move.
TRAINING = {
    "released": ("v5e:2x4", case("released"), 1.0),
    "released, four hosts, bfloat16": ("v6e:4x4", case("released", 512, bfloat16=True), 0.5),
    "robust": ("v5e:2x4", case("robust"), 1.0),
    "paper": ("v5p:2x2x2", case("paper"), 1.0),
    "small": ("v5e:2x4", case("small"), 0.15),
}


def test_every_network_and_augmentation_is_compiled():
    compiled = {(of.network, of.phase.augmentation) for _, of, _ in TRAINING.values()}
    assert {(each.network, each.pretrain.augmentation) for each in experiments().values()} <= compiled


@pytest.mark.parametrize(("topology", "of", "gigabytes"), TRAINING.values(), ids=TRAINING)
def test_a_training_step_fits_and_exchanges_gradients_and_statistics_alone(topology, of, gigabytes):
    program = compile_training_for(of, tpu_mesh(topology))
    assert program.memory < ROOM * program.chip.memory
    assert program.traffic < gigabytes * 1e9 * program.clips
    exchanged = {each.kind: each for each in program.collectives}
    parameters = sum(leaf.size * 4 for leaf in jax.tree.leaves(jax.eval_shape(of.state).params))
    assert sum(each.calls for each in exchanged.values()) <= 75  # 33 normalisations; large gathers are split
    assert parameters < exchanged.pop("all-reduce").bytes < 1.2 * parameters
    assert sum(each.bytes for each in exchanged.values()) < of.batch * A_MAP


def test_a_step_on_synthesised_sounds_fits_and_gathers_their_embeddings():
    of, synthesis = case("few_labels"), Synthesis(steps=1, pairs=256)
    program = compile_training_for(of, tpu_mesh("v5e:2x4"), synthesis)
    assert program.memory < ROOM * program.chip.memory
    gathered = sum(each.bytes for each in program.collectives if each.kind != "all-reduce")
    assert 2 * synthesis.pairs * 128 * 4 <= gathered < 2 * synthesis.pairs * A_MAP


@pytest.mark.parametrize("name", ["released", "robust", "paper", "small"])
def test_an_evaluation_fits_and_exchanges_nothing(name):
    program = compile_evaluation_for(case(name), tpu_mesh("v5e:2x4"))
    assert program.memory < ROOM * program.chip.memory and not program.collectives

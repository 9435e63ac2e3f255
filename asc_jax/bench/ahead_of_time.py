"""Programs compiled for TPUs that are not here, by the TPU's own compiler (libtpu), which runs on any x86 machine."""

import os
import time
from dataclasses import dataclass

import jax
import numpy as np
from jax.experimental import topologies
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from asc_jax.bench.chips import CHIPS, Chip
from asc_jax.bench.collectives import Collective, collectives
from asc_jax.bench.network import Case
from asc_jax.bench.traffic import traffic
from asc_jax.config import Synthesis
from asc_jax.data.responses import COUNT, TAPS
from asc_jax.devices import mesh_of, shardings
from asc_jax.errors import UserError
from asc_jax.evaluate.predict import predictor
from asc_jax.net.folding import fold
from asc_jax.train.step import create_state, training_step


@dataclass(frozen=True)
class Program:
    """What the compiler says of a program: its time, and what a call takes of one chip."""

    name: str
    device: str  # kind of each, as JAX names it
    chips: int
    clips: float  # or synthesised sounds, on one chip
    compile_seconds: float
    arguments: int  # bytes of memory
    outputs: int  # those that do not take the place of donated arguments
    temporaries: int
    code: int
    traffic: int  # bytes of its main memory, read and written, with the padding
    flops: float
    padding: float  # its share of the traffic
    collectives: list[Collective]

    @property
    def memory(self) -> int:
        """Bytes that one chip needs."""
        return self.arguments + self.outputs + self.temporaries + self.code

    @property
    def chip(self) -> Chip | None:
        """What is published of the chip, if that is listed here."""
        return CHIPS.get(self.device)

    @property
    def ceilings(self) -> dict[str, float]:
        """Clips/s that a listed chip cannot exceed, because its memory and its matrix products are no faster."""
        if not self.chip:
            return {}
        return {
            "memory": self.clips * self.chip.bandwidth / self.traffic,
            "matrix products": self.clips * self.chip.matrix / self.flops,
        }


def tpu_mesh(topology: str) -> Mesh:
    """The devices of a TPU slice, such as v5e:2x4, of which none needs to be here.

    UserError without the TPU's compiler, or where that knows no such slice.
    """
    settings = {
        "TPU_SKIP_MDS_QUERY": "1",  # it would ask the cloud's metadata server what machine this is
        "TPU_WORKER_HOSTNAMES": "localhost",
        "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",  # two compilers may run at once: neither takes a TPU
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    host = {"chips_per_host_bounds": (1, 1, 1)} if topology.endswith(":1x1") else {}  # otherwise it has four chips
    try:
        return mesh_of(topologies.get_topology_desc(platform="tpu", topology_name=topology, **host).devices)
    except jax.errors.JaxRuntimeError as error:
        known = "name one such as v5e:2x4, v5p:2x2x2 or v6e:4x4"
        raise UserError(
            f"{topology}: no TPU slice that its compiler knows; {known} ({str(error).splitlines()[0]})"
        ) from error
    except RuntimeError as error:
        raise UserError(
            "the TPU's compiler is missing; install it with pip install -e '.[tpu]', or set TPU_LIBRARY_PATH to it"
        ) from error


def compile_training_for(case: Case, mesh: Mesh, synthesis: Synthesis | None = None) -> Program:
    """Compiles the training step of a case, on a batch of clips or on sounds that it synthesises.

    The devices of the mesh share them.
    """
    audio = jax.ShapeDtypeStruct((case.batch, case.samples), np.int16)
    of_clips = {"label": np.int32, "weight": np.float32}
    batch = {"audio": audio} | {name: jax.ShapeDtypeStruct((case.batch,), kind) for name, kind in of_clips.items()}
    batch = {} if synthesis else batch
    if case.phase.augmentation.dir_prob:
        batch["responses"] = jax.ShapeDtypeStruct((COUNT, TAPS), np.float32)
    state = jax.eval_shape(lambda: create_state(case.net, case.samples, jax.random.key(0)))
    rate, seed = jax.ShapeDtypeStruct((), np.float32), jax.ShapeDtypeStruct((), np.uint32)
    arguments = _replicated(state, mesh), _placed(batch, shardings(mesh, batch)), *_replicated((rate, seed), mesh)
    clips = 2 * synthesis.pairs if synthesis else case.batch
    return _compile("training step", training_step(case.net, case.phase, mesh, synthesis), arguments, clips, mesh)


def compile_evaluation_for(case: Case, mesh: Mesh) -> Program:
    """Compiles the prediction of a batch with the folded network."""
    state = jax.eval_shape(lambda: create_state(case.net, case.samples, jax.random.key(0)))
    variables = jax.eval_shape(fold, state.variables)
    audio = {"audio": jax.ShapeDtypeStruct((case.batch, case.samples), np.int16)}
    arguments = _replicated(variables, mesh), _placed(audio, shardings(mesh, audio))["audio"]
    return _compile("evaluation", predictor(case.net.clone(folded=True), case.batch, mesh), arguments, case.batch, mesh)


def _replicated(tree, mesh: Mesh):
    everywhere = NamedSharding(mesh, PartitionSpec())
    return _placed(tree, jax.tree.map(lambda _: everywhere, tree))


def _placed(tree, to):
    return jax.tree.map(lambda x, sharding: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), tree, to)


def _compile(name: str, function, arguments, clips: int, mesh: Mesh) -> Program:
    start = time.perf_counter()
    compiled = function.lower(*arguments).compile()
    seconds = time.perf_counter() - start
    memory, cost, text = compiled.memory_analysis(), compiled.cost_analysis(), compiled.as_text()
    moved, padding = traffic(text)
    return Program(
        name,
        mesh.devices.flat[0].device_kind,
        mesh.size,
        clips / mesh.size,
        seconds,
        memory.argument_size_in_bytes,
        memory.output_size_in_bytes - memory.alias_size_in_bytes,
        memory.temp_size_in_bytes,
        memory.generated_code_size_in_bytes,
        moved,
        cost["flops"],
        padding,
        collectives(text),
    )

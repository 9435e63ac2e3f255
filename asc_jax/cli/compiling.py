"""asc-jax bench --compile-for SLICE...: the steps compiled for TPUs that are not here."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from asc_jax.cli.printing import print_tables
from asc_jax.errors import UserError

if TYPE_CHECKING:
    from jax.sharding import Mesh

    from asc_jax.bench.ahead_of_time import Program
    from asc_jax.bench.growth import Point
    from asc_jax.bench.network import Case
    from asc_jax.cli.bench import Benchmark

SECTIONS = {"train", "eval", "growth"}


def compile_only(case: "Case", args: "Benchmark", topologies: tuple[str, ...]) -> None:
    """Compiles the requested SECTIONS for each slice, prints what they take of its chips, and runs nothing.

    The figures go to the JSON file, and growth's ceilings over the number of chips to its picture. UserError where the
    chips of a slice cannot share the batch.
    """
    if not topologies:
        raise UserError("--compile-for: name a TPU slice, such as v5e:2x4")
    if not SECTIONS.intersection(args.sections):
        raise UserError(
            f"--compile-for {' '.join(topologies)}: compiles train, eval and growth alone; name one of them"
        )
    import jax

    jax.config.update("jax_platforms", "cpu")  # with the compiler installed, JAX would look for a TPU
    from asc_jax.bench.ahead_of_time import tpu_mesh
    from asc_jax.bench.growth import draw
    from asc_jax.bench.tables import program_table

    meshes = {topology: tpu_mesh(topology) for topology in topologies}
    for topology, mesh in meshes.items():
        _check_batch(case, mesh)
        hosts = len({device.process_index for device in mesh.devices.flat})
        print(f"{topology}: {mesh.size} devices, {hosts} hosts", flush=True)
    figures, points = [], []
    for program, its_points in _compiled(case, list(meshes.values()), args.sections):
        print_tables(program_table(program))
        figures.append(asdict(program) | {"memory": program.memory, "ceilings": program.ceilings})
        points += its_points
        if args.json:
            found = {"compiled_for": topologies, "programs": figures}
            args.json.write_text(json.dumps(found, indent=1) + "\n")
    if points:
        draw(points, args.picture)
        print(args.picture)


def _compiled(case: "Case", meshes: "list[Mesh]", sections: tuple[str, ...]) -> "Iterator[tuple[Program, list[Point]]]":
    """Each program; those of growth with their points of the picture."""
    from asc_jax.bench.ahead_of_time import compile_evaluation_for, compile_training_for
    from asc_jax.bench.growth import over_chips

    for mesh in meshes:
        if "train" in sections:
            yield compile_training_for(case, mesh), []
        if "eval" in sections:
            yield compile_evaluation_for(case, mesh), []
    if "growth" in sections:
        yield from over_chips(case, meshes)


def _check_batch(case: "Case", mesh: "Mesh") -> None:
    if case.batch % mesh.size:
        fitting = case.batch + mesh.size - case.batch % mesh.size
        raise UserError(f"{mesh.size} devices cannot share a batch of {case.batch} clips: use --batch {fitting}")

"""asc-jax bench --compile-for SLICE: the steps compiled for a TPU that is not here."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

from asc_jax.cli.printing import print_tables
from asc_jax.errors import UserError

if TYPE_CHECKING:
    from asc_jax.bench.network import Case


def compile_only(case: "Case", topology: str, sections: tuple[str, ...], file: Path | None) -> None:
    """Compiles those of train and eval that are among the sections, prints what they take, and runs nothing.

    The figures go to the JSON file. UserError where the chips cannot share the batch, or have no room for it.
    """
    compiled = [section for section in ("train", "eval") if section in sections]
    if not compiled:
        raise UserError(f"--compile-for {topology}: compiles train and eval alone; name one of them, or no section")
    import jax

    jax.config.update("jax_platforms", "cpu")  # with the compiler installed, JAX would look for a TPU
    from asc_jax.bench import ahead_of_time
    from asc_jax.bench.tables import program_table

    mesh = ahead_of_time.tpu_mesh(topology)
    if case.batch % mesh.size:
        fitting = case.batch + mesh.size - case.batch % mesh.size
        raise UserError(f"{mesh.size} devices cannot share a batch of {case.batch} clips: use --batch {fitting}")
    hosts = len({device.process_index for device in mesh.devices.flat})
    print(f"{topology}: {mesh.size} devices, {hosts} hosts", flush=True)
    steps = {"train": ahead_of_time.compile_training_for, "eval": ahead_of_time.compile_evaluation_for}
    programs = []
    for section in compiled:
        programs.append(steps[section](case, mesh))
        print_tables(program_table(programs[-1]))
        if file:
            figures = [
                dataclasses.asdict(program) | {"memory": program.memory, "ceilings": program.ceilings}
                for program in programs
            ]
            file.write_text(json.dumps({"compiled_for": topology, "programs": figures}, indent=1) + "\n")

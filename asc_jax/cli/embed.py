"""The command for embeddings: asc-jax embed RUN PATH... --out FILE."""

import dataclasses
import sys
from pathlib import Path

import tyro

from asc_jax.cli.printing import check_writable
from asc_jax.cli.recordings import opened, reported
from asc_jax.errors import UserError


@dataclasses.dataclass(frozen=True)
class EmbedOptions:
    """A trained network, the recordings, and the file for their embeddings."""

    run: tyro.conf.Positional[Path]
    """Folder of a run (its last finished round is taken), or of a round."""
    paths: tyro.conf.Positional[tuple[str, ...]]
    """Files, folders, patterns such as 'night/*.flac', or - for a file on standard input."""
    out: Path
    """The file to write, .parquet, .csv or .npz: a row for each recording."""
    windows: bool = False
    """A row for each window with a signal, in place of one for each recording."""
    hop: float | None = None
    """Seconds from one window to the next (default: as long as a window, which is as long as a training clip)."""
    strict: bool = False
    """Stop at the first bad recording, with status 2; without it the others are embedded, and the status is 1."""


def embed(options: EmbedOptions) -> None:
    """Write the embeddings of recordings of any length, for other models."""
    from asc_jax.deploy import tables
    from asc_jax.deploy.windows import hop_of

    hop, write, scenes = hop_of(options.hop), tables.writer(options.out), {}
    check_writable("--out", options.out)
    with opened(options.run, options.paths) as (model, recordings):
        predictions = model.predict_each(recordings, hop or model.samples)
        found = [each for each in reported(predictions, len(recordings), options.strict, scenes) if not each.error]
    if not found:
        raise UserError(f"{options.out}: not written, for none of the recordings can be used")
    write(tables.embeddings(found, options.windows).dropna())
    print(options.out)
    if None in scenes.values():
        sys.exit(1)

"""An exported file against the network it came from, before it is kept."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from rich.table import Table

from asc_jax.bench.timing import seconds_of
from asc_jax.deploy.classifier import Classifier
from asc_jax.deploy.exporting.program import Exported
from asc_jax.errors import UserError
from asc_jax.net.frontend import RATE
from asc_jax.net.scenenet import to_waveform

AT_ONCE = 8  # clips
ENOUGH = 0.99  # of the decisions
ENOUGH_IN_INTEGERS = 0.95  # where maps of 8 bits decide between scenes that are almost equally near
REPEATS = 25  # of the timed clip
CHANCE = 0.5  # with more agreement than this by chance the check shows nothing

Write = Callable[[Classifier, Path], None]
Read = Callable[[Path], Exported]


@dataclass(frozen=True)
class Check:
    """Largest difference of a cosine; share of clips that get the same scene; that share if each clip is compared with
    another one; and median seconds for one clip, in the file's runtime and in JAX."""

    difference: float
    agreement: float
    control: float
    seconds: float
    jax_seconds: float

    @property
    def proves(self) -> bool:
        """Whether the clips tell a right file from a wrong one."""
        return self.control <= CHANCE


def compare(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float, float]:
    """(difference, agreement, control) of cosines [M, scenes] of the same clips; control: the mean over all pairs."""
    same = ours.argmax(1)[:, None] == theirs.argmax(1)[None]
    clips, agreeing = len(same), int(same.trace())
    control = (same.sum() - agreeing) / (clips * (clips - 1)) if clips > 1 else 1.0
    return float(np.abs(ours - theirs).max()), agreeing / clips, float(control)


def write_checked(
    write: Write,
    read: Read,
    model: Classifier,
    out: Path,
    clips: np.ndarray,
    enough: float = ENOUGH,
) -> Check:
    """Writes `out`, a file or folder, once its predictions for the clips, int16 [M, samples], are the model's.

    UserError where its decisions agree with JAX's on less than a share `enough` of them; then nothing is left.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        fresh = Path(folder) / out.name
        write(model, fresh)
        run = read(fresh).run
        waveform = np.asarray(to_waveform(clips))
        ours = np.stack([model(clip, RATE).cosine for clip in waveform])
        parts = (waveform[n : n + AT_ONCE] for n in range(0, len(clips), AT_ONCE))
        difference, agreement, control = compare(ours, np.concatenate([run(part)[0] for part in parts]))
        if not (agreement >= enough and np.isfinite(difference)):
            raise UserError(
                f"{out} is not written: its decisions agree with JAX's on {100 * agreement:.1f} % of "
                f"{len(clips)} clips, its cosines differ by up to {difference:.2g}; "
                "train it further, or choose another precision or format"
            )
        seconds, jax_seconds = (
            median(seconds_of(each, REPEATS)) for each in (lambda: run(waveform[:1]), lambda: model(waveform[0], RATE))
        )
        fresh.rename(out)
    return Check(difference, agreement, control, seconds, jax_seconds)


def table(form: str, precision: str, out: Path, check: Check) -> Table:
    """What the check found, as a row."""
    columns = ("size in MB", "largest difference", "agreement in %", "control in %", "one clip in ms", "in JAX in ms")
    shown = Table("format", "precision", *columns)
    files = [out] if out.is_file() else [each for each in out.rglob("*") if each.is_file()]
    size = sum(each.stat().st_size for each in files)
    agreements = (f"{100 * share:.1f}" for share in (check.agreement, check.control))
    times = (f"{1e3 * seconds:.1f}" for seconds in (check.seconds, check.jax_seconds))
    shown.add_row(form, precision, f"{size / 1e6:.2f}", f"{check.difference:.1e}", *agreements, *times)
    return shown

"""An exported file against the network it came from, before it is kept."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from asc_jax.deploy.classifier import Classifier
from asc_jax.deploy.exporting.program import Exported
from asc_jax.errors import UserError
from asc_jax.net.scenenet import to_waveform

AT_ONCE = 8  # clips
ENOUGH = 0.99  # of the decisions
CHANCE = 0.5  # more agreement than this by chance tells nothing


@dataclass(frozen=True)
class Check:
    """The largest difference of a cosine; the share of clips that get the same scene; and that share if each clip is
    compared with another one."""

    difference: float
    agreement: float
    control: float

    @property
    def proves(self) -> bool:
        """Whether the clips tell a right file from a wrong one."""
        return self.control <= CHANCE


def compare(ours: np.ndarray, theirs: np.ndarray) -> Check:
    """Cosines [M, scenes] of the same clips; the control is the mean over all pairs of two clips."""
    same = ours.argmax(1)[:, None] == theirs.argmax(1)[None]
    clips, agreeing = len(same), int(same.trace())
    control = (same.sum() - agreeing) / (clips * (clips - 1)) if clips > 1 else 1.0
    return Check(float(np.abs(ours - theirs).max()), agreeing / clips, float(control))


def write_checked(
    write: Callable[[Classifier, Path], None],
    read: Callable[[Path], Exported],
    model: Classifier,
    out: Path,
    clips: np.ndarray,
) -> Check:
    """Writes `out`, a file or folder, once it has told the same of the clips, int16 [M, samples].

    UserError where it disagrees with JAX on more than 1 % of them; then nothing is left.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        fresh = Path(folder) / out.name
        write(model, fresh)
        run = read(fresh).run
        heard = model.hear((("", [clip / 32768]) for clip in clips), model.samples)
        ours = np.stack([each.cosine for each in heard])
        parts = [np.asarray(to_waveform(clips[n : n + AT_ONCE])) for n in range(0, len(clips), AT_ONCE)]
        check = compare(ours, np.concatenate([run(part)[0] for part in parts]))
        if not (check.agreement >= ENOUGH and np.isfinite(check.difference)):
            raise UserError(
                f"{out} is not written: its decisions agree with JAX's on {100 * check.agreement:.1f} % of "
                f"{len(clips)} clips, its cosines differ by up to {check.difference:.2g}; "
                "choose another precision or format"
            )
        fresh.rename(out)
    return check


def table(form: str, precision: str, out: Path, check: Check) -> Table:
    """What the check found, as a row."""
    shown = Table("format", "precision", "size in MB", "largest difference", "agreement in %", "control in %")
    files = [out] if out.is_file() else [each for each in out.rglob("*") if each.is_file()]
    size = sum(each.stat().st_size for each in files)
    agreements = (f"{100 * share:.1f}" for share in (check.agreement, check.control))
    shown.add_row(form, precision, f"{size / 1e6:.2f}", f"{check.difference:.1e}", *agreements)
    return shown

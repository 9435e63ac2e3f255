"""The command for the confidence of a run: asc-jax calibrate RUN."""

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from asc_jax.config import CALIBRATION
from asc_jax.errors import UserError

if TYPE_CHECKING:
    from asc_jax.evaluate.calibrate import Fit


@dataclasses.dataclass(frozen=True)
class CalibrateOptions:
    """A run, and the clips that its confidence is fitted on: none that it was trained or tested on."""

    run: tyro.conf.Positional[Path]
    """Folder of a run (its last finished round is calibrated), or of a round."""
    on: Path | None = None
    """Run, or folder of a cross-validation, whose tested clips are taken (default: the run's validation split)."""
    false_unknown: float = 0.05
    """Share of the clips of known scenes that may be called unknown."""


def calibrate(options: CalibrateOptions) -> None:
    """Fit how confident a run is, and what it calls unknown, to clips that training has not seen."""
    if not 0 < options.false_unknown < 1:
        raise UserError(f"--false-unknown {options.false_unknown:g}: must be more than 0 and less than 1")
    from asc_jax.cli.training import use_compilation_cache
    from asc_jax.devices import use_cores

    use_compilation_cache()
    from asc_jax.deploy.calibration import BATCH, held_out, keep
    from asc_jax.evaluate.calibrate import calibrate as fitted
    from asc_jax.evaluate.runs import read_run

    round_ = read_run(options.run)[-1]
    use_cores(BATCH)
    predictions, clips = held_out(round_, options.on)
    fit = fitted(predictions, options.false_unknown, clips)
    keep(round_, fit)
    print(f"{round_.folder}: {_sentences(fit)}")


def calibrate_once(run: Path) -> None:
    """Calibrates a run on its validation split, unless it is calibrated; where that fails, the reason is printed."""
    from asc_jax.evaluate.runs import read_run

    if (read_run(run)[-1].folder / CALIBRATION).exists():
        return
    try:
        calibrate(CalibrateOptions(run))
    except UserError as error:
        print(f"asc-jax: not calibrated: {error}", file=sys.stderr)


def _sentences(fit: "Fit") -> str:
    losses = " to ".join(f"{each:.3f}" for each in fit.log_loss)
    errors = " to ".join(f"{100 * each:.1f}" for each in fit.calibration_error)
    clips = f"{fit.clips} clips of {fit.sessions} sessions ({fit.fitted_on})"
    found = f"temperature {fit.temperature:.2f}, fitted on {clips}: log loss from {losses}, "
    found += f"calibration error from {errors} %. "
    if fit.threshold is None:
        return found + f"They are too few to call only {100 * fit.false_unknown:g} % of known clips unknown: none is."
    share = f"{100 * fit.called_unknown:.1f} % of them are"
    return found + f"Unknown is what has an energy score below {fit.threshold:.2f}: {share}."

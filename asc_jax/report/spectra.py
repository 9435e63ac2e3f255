"""The long-term average spectrum of each device, whose differences a network must cope with."""

import numpy as np
from matplotlib.figure import Figure

from asc_jax.data.spectra import MOST, average_spectrum, draw_spectra
from asc_jax.evaluate.runs import FinishedRound
from asc_jax.report.run import Missing
from asc_jax.report.style import COLOURS, new_figure


def device_spectra(round_: FinishedRound) -> tuple[Figure, str]:
    """A line for each device of the tested clips, or one for all of them where no device is known."""
    if round_.recordings is None:
        raise Missing(f"the records are not at {round_.config['records']}.")
    numbers = round_.recordings.numbers(round_.tested.details["id"])
    device = np.array(round_.tested.details["device"])
    groups = {str(name): numbers[(device == name) & (numbers >= 0)] for name in np.unique(device) if name}
    groups = {name: chosen for name, chosen in (groups or {"all clips": numbers[numbers >= 0]}).items() if len(chosen)}
    if not groups:
        raise Missing(f"no tested clip is in the records at {round_.config['records']}.")
    spectra = {name: average_spectrum(round_.recordings, chosen) for name, chosen in groups.items()}
    figure = new_figure(3.2)
    draw_spectra(figure.subplots(), spectra, COLOURS)
    figure.legend(loc="outside upper center", ncols=4, frameon=False)
    loudest = ", ".join(f"{name} {spectrum.max():.0f} dB" for name, spectrum in spectra.items())
    return (
        figure,
        f"Long-term average spectra of up to {MOST} tested clips of each device; their highest bands: {loudest}.",
    )

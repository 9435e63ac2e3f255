import numpy as np

from asc_jax.data.spectra import average_spectrum
from asc_jax.report.run import open_run
from asc_jax.report.spectra import device_spectra


def test_each_device_has_the_spectrum_of_its_clips(complete):
    last = open_run(complete).last
    figure, _ = device_spectra(last)
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].get_lines()}
    assert list(lines) == ["a", "b", "c"]
    ids = [
        name
        for name, device in zip(last.tested.details["id"], last.tested.details["device"], strict=True)
        if device == "b"
    ]
    numbers = np.flatnonzero(last.recordings.table["id"].isin(ids))
    expected = average_spectrum(last.recordings, numbers)
    np.testing.assert_allclose(lines["b"], expected[-len(lines["b"]) :])

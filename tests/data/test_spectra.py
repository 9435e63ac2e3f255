"""Spectra against a second formulation, and axes against the front end's filters."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from asc_jax.data.spectra import average_spectrum, band_of, draw_mel, draw_spectra
from asc_jax.net.frontend import mel_filters


def clips_of(make_records, audio):
    return make_records([{"id": f"{n}", "split": "test"} for n in range(len(audio))], audio, ("bus",)).clips


def test_the_average_spectrum_is_that_of_hann_windows(make_records):
    audio = np.random.default_rng(0).normal(0, 3000, (3, 16_000)).astype(np.int16)
    frames = np.lib.stride_tricks.sliding_window_view(audio / 32768, 1024, axis=1)[:, ::512]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    power = np.abs(np.fft.rfft((frames - frames.mean(-1, keepdims=True)) * hann)) ** 2 / hann.sum() ** 2
    power[..., 1:-1] *= 2  # of the negative frequencies
    found = average_spectrum(clips_of(make_records, audio), np.array([0, 2]))
    np.testing.assert_allclose(found, 10 * np.log10(power[[0, 2]].mean((0, 1))), rtol=1e-6)


def test_a_sine_of_full_scale_has_3_db_less_and_silence_has_a_floor(make_records):
    sine = np.round(32_767 * np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)).astype(np.int16)
    clips = clips_of(make_records, np.stack([sine, np.zeros_like(sine)]))
    spectrum = average_spectrum(clips, np.array([0]))
    assert spectrum.argmax() == 64  # of 15.625 Hz each
    assert spectrum.max() == pytest.approx(-3.01, abs=0.01)
    assert (average_spectrum(clips, np.array([1])) == -120).all()


def test_frequencies_are_at_the_bands_whose_filters_they_excite():
    centres = np.arange(513) * 15.625
    for band in (20, 60, 100, 127):  # wide enough for the peak to be at a bin's distance
        peak = centres[mel_filters()[:, band].argmax()]
        assert band_of([peak - 15.7])[0] < band + 1 < band_of([peak + 15.7])[0]


def test_axes_are_in_kilohertz_and_seconds():
    axes = Figure().subplots(1, 2)
    draw_mel(axes[0], np.zeros((128, 32)))
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["0.5", "1", "2", "4"]
    assert axes[0].get_xlim() == (0, pytest.approx(32 * 0.032))
    draw_spectra(axes[1], {"a": np.zeros(513), "b": np.zeros(513)}, ("red",))
    assert axes[1].get_xlabel() == "frequency in kHz" and axes[1].get_xlim()[1] == 8
    assert [line.get_linestyle() for line in axes[1].get_lines()] == ["-", "--"]  # two lines of one colour differ

"""What clips look like: log-mel spectrograms in kHz and seconds, and the long-term average spectrum of each device."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from scipy.signal import welch

from asc_jax.data.records import Clips
from asc_jax.net.frontend import BANDS, HOP, RATE, WINDOW, log_mel
from asc_jax.net.scenenet import to_waveform

RANGE_DB = 80.0  # below the loudest band of a clip; what is softer has the same colour
MOST = 40  # clips of a device; a spectrum of more looks the same
SILENCE = 1e-12  # of the power of full scale: -120 dB
MEL_TICKS = (0.5, 1.0, 2.0, 4.0)  # kHz
LOWEST, TICKS = 0.05, (0.1, 0.2, 0.5, 1, 2, 4, 8)  # kHz, of long-term average spectra


def mel_of(audio: np.ndarray) -> np.ndarray:
    """The log-mel spectrogram of one clip: int16 [N] -> dB [F, T]."""
    return np.asarray(log_mel(to_waveform(audio[None])))[0].T


def band_of(hertz: Sequence[float] | np.ndarray, bands: int = BANDS) -> np.ndarray:
    """Frequencies on an axis of bands, on which band n, from 1 on, is centred at n."""
    return (bands + 1) * np.log1p(np.asarray(hertz) / 700) / np.log1p(RATE / 2 / 700)


def draw_mel(axes: Axes, mel: np.ndarray, hop: int = HOP) -> AxesImage:
    """Draws a log-mel spectrogram, dB [F, T], over time in s and frequency in kHz."""
    bands, frames = mel.shape
    extent = (0, frames * hop / RATE, 0.5, bands + 0.5)
    lowest = max(mel.min(), mel.max() - RANGE_DB)
    axes.set_yticks(band_of(1000 * np.array(MEL_TICKS), bands), [f"{tick:g}" for tick in MEL_TICKS])
    return axes.imshow(
        mel, origin="lower", aspect="auto", extent=extent, vmin=lowest, cmap="cividis", interpolation="nearest"
    )


def average_spectrum(clips: Clips, numbers: np.ndarray) -> np.ndarray:
    """The power of clips in each of 513 bands from 0 to 8 kHz, averaged over time and clips: dB re full scale."""
    chosen = numbers[np.linspace(0, len(numbers) - 1, min(MOST, len(numbers))).astype(int)]
    powers = [welch(clips.audio([number])[0] / 32768, nperseg=WINDOW, scaling="spectrum")[1] for number in chosen]
    return 10 * np.log10(np.maximum(np.mean(powers, axis=0), SILENCE))


def draw_spectra(axes: Axes, spectra: Mapping[str, np.ndarray], colours: Sequence[str]) -> None:
    """Draws a line for each of these long-term average spectra, dB [513]."""
    kilohertz = np.linspace(0, RATE / 2000, WINDOW // 2 + 1)
    shown = kilohertz >= LOWEST
    for number, (name, spectrum) in enumerate(spectra.items()):
        look = {"color": colours[number % len(colours)], "linestyle": ("-", "--", ":")[number // len(colours) % 3]}
        axes.semilogx(kilohertz[shown], spectrum[shown], label=name, linewidth=1, **look)
    axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.minorticks_off()
    axes.set(xlabel="frequency in kHz", ylabel="level in dB re full scale", xlim=(LOWEST, RATE / 2000))

"""Recording devices: a frequency response, a gain, a saturation and a noise floor, fixed by the device's name."""

from dataclasses import dataclass

import numpy as np

from data_prep.synthesis.signals import SAMPLE_RATE, amplitude, band, generator, irfft, rfft, unit_rms
from data_prep.typed import cached

TAPS = 512
# Louder: harder to carry what was learnt from one device to another.
RIPPLE_DB = 1.6


@dataclass(frozen=True)
class Device:
    """Microphone and recorder: band edges in Hz, slope in dB per octave, one resonance, levels in dB."""

    low_hz: float
    high_hz: float
    slope_db: float
    resonance_hz: float
    resonance_db: float
    ripple: float  # share of RIPPLE_DB
    noise_dbfs: float
    gain_db: float
    drive: float  # 0 is linear; from 1 on, loud passages are clearly compressed


DEVICES = {
    "a": Device(20, 16000, 0.0, 9000, 0, 0.1, -80, 0, 0.0),
    "b": Device(50, 10000, 0.3, 3500, 2, 0.6, -74, 2, 0.5),
    "c": Device(70, 9000, -0.5, 2600, 3, 0.6, -72, -3, 1.0),
    "s1": Device(120, 9000, 0.6, 3000, 5, 0.9, -70, 2, 1.0),
    "s2": Device(90, 7500, -0.4, 2300, 5, 0.9, -68, -3, 0.0),
    "s3": Device(150, 9000, 0.3, 3900, 6, 0.9, -70, 3, 2.0),
    "s4": Device(140, 8500, 0.6, 2700, 5, 1.1, -70, -2, 1.0),
    "s5": Device(110, 7000, -0.4, 2200, 5, 1.1, -70, 3, 2.0),
    "s6": Device(160, 8000, 0.3, 3700, 6, 1.1, -68, -3, 2.5),
}


def response_db(name: str, frequency: np.ndarray) -> np.ndarray:
    """Designed response in dB [...] of a device at frequencies [...] in Hz (above 0)."""
    device = DEVICES[name]
    octaves = np.log2(frequency / 1000)
    weights = generator("device", name).normal(size=(4, 2)) * RIPPLE_DB / 2
    angles = 2 * np.pi * octaves[..., None] * np.array([0.12, 0.25, 0.4, 0.6])
    ripple = device.ripple * (np.cos(angles) @ weights[:, 0] + np.sin(angles) @ weights[:, 1])
    resonance = device.resonance_db * np.exp(-((octaves - np.log2(device.resonance_hz / 1000)) ** 2) / 0.18)
    edges = 20 * np.log10(band(device.low_hz, device.high_hz)(frequency))
    return edges + device.slope_db * octaves + resonance + ripple


@cached
def impulse_response(name: str) -> np.ndarray:
    """Minimum-phase impulse response [TAPS] of a device, from the folded cepstrum (Oppenheim and Schafer)."""
    size = 16 * TAPS
    frequency = np.maximum(np.arange(size // 2 + 1) * SAMPLE_RATE / size, 10.0)
    cepstrum = irfft(response_db(name, frequency) * (np.log(10) / 20), size)
    cepstrum[1 : size // 2] *= 2
    cepstrum[size // 2 + 1 :] = 0
    return irfft(np.exp(rfft(cepstrum)), size)[:TAPS]


@cached
def transfer_function(name: str, n: int) -> np.ndarray:
    """Complex response [n // 2 + 1] of a device at the bins of a Fourier transform of n samples."""
    return rfft(impulse_response(name).astype(np.float32), n)


def saturate(x: np.ndarray, drive: float) -> np.ndarray:
    """Soft clipping: slope one at zero, limit at 1 / drive times the full scale, linear for no drive."""
    return np.tanh(drive * x) / drive if drive else x


def capture(rng: np.random.Generator, name: str, sound: np.ndarray, level_dbfs: float) -> np.ndarray:
    """What a device at a level in dBFS stores of a sound [n] that has passed its response: int16 [n]."""
    device = DEVICES[name]
    signal = saturate(unit_rms(sound) * amplitude(level_dbfs + device.gain_db), device.drive)
    hiss = rng.standard_normal(len(sound), dtype=np.float32) * amplitude(device.noise_dbfs)
    return np.round(32767 * np.clip(signal + hiss, -1, 1)).astype(np.int16)

"""Impulse responses of devices: recorded ones from a folder, or synthesised from a seed."""

import zlib
from pathlib import Path

import numpy as np
import soundfile
import soxr

from asc_jax.errors import UserError
from asc_jax.net.frontend import RATE

COUNT, TAPS, SIZE = 64, 256, 1024  # synthesised responses, their length, and that of the transform that makes them
LONGEST = 4096  # samples of a recorded one: what comes after a quarter of a second is the room's
ENDINGS = (".wav", ".flac", ".ogg")


def recorded(folder: Path) -> np.ndarray:
    """The recordings in a folder as responses of unit energy, float32 [R, taps] at 16 kHz."""
    files = _files(folder)
    responses = [_read(file) for file in files]
    for file, response in zip(files, responses, strict=True):
        if not np.square(response).sum() > 0:
            raise UserError(f"{file}: silent or empty, so no impulse response; take it out of the folder")
    taps = max(map(len, responses))
    return np.stack([_unit(np.pad(response, (0, taps - len(response)))) for response in responses])


def fingerprint(folder: Path) -> str:
    """Of what the recordings in a folder hold, whose name alone would not tell that one was exchanged."""
    return f"{zlib.crc32(b''.join(file.read_bytes() for file in _files(folder))):08x}"


def _files(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.glob("*") if file.suffix.lower() in ENDINGS)
    if not files:
        raise UserError(f"{folder}: no impulse responses there; put one {', '.join(ENDINGS)} file per device into it")
    return files


def _read(file: Path) -> np.ndarray:
    try:
        recorded, rate = soundfile.read(file, always_2d=True)
    except soundfile.LibsndfileError as error:
        raise UserError(f"{file}: {error.error_string} Take it out of the folder of impulse responses") from error
    return soxr.resample(recorded.mean(1), rate, RATE)[:LONGEST]


def synthesised(seed: int) -> np.ndarray:
    """COUNT minimum-phase responses of unit energy, float32 [R, taps]: smooth curves between a low and a high cut."""
    random = np.random.default_rng(seed)
    return np.stack([_unit(_minimum_phase(_curve(random))[:TAPS]) for _ in range(COUNT)])


def _curve(random: np.random.Generator) -> np.ndarray:
    """A device's response in decibels, [SIZE / 2 + 1] from 0 to 8 kHz."""
    frequency = np.maximum(np.fft.rfftfreq(SIZE, 1 / RATE), 1)  # Hz
    octave = np.log2(np.maximum(frequency, 20) / 20)
    knots = np.linspace(0, octave[-1], random.integers(5, 12))
    bumps = np.interp(octave, knots, random.normal(0, random.uniform(2, 10), len(knots)))
    low, high = 20 * 2 ** random.uniform(0, 4.5), RATE * 2 ** -random.uniform(0, 3)  # Hz: to 450, from 2000
    cuts = 10 * np.log10((1 + (low / frequency) ** 4) * (1 + (frequency / high) ** 4))
    return np.maximum(bumps - cuts, -60)


def _minimum_phase(decibels: np.ndarray) -> np.ndarray:
    """The response [SIZE] with these magnitudes whose energy comes first: minimum phase, from the folded cepstrum."""
    cepstrum = np.fft.irfft(decibels * np.log(10) / 20)
    causal = np.zeros(SIZE)
    causal[0], causal[SIZE // 2], causal[1 : SIZE // 2] = 1, 1, 2
    return np.fft.irfft(np.exp(np.fft.rfft(cepstrum * causal)))


def _unit(response: np.ndarray) -> np.ndarray:
    return (response / np.sqrt(np.square(response).sum())).astype(np.float32)

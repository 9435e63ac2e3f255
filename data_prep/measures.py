"""What is measured of each clip's samples: loudness, silence, and a fingerprint that finds copies of it."""

import numpy as np
import scipy.fft

HOP = 512  # samples, 32 ms at 16 kHz
SILENCE_DB = -70.0  # dBFS; 32 ms whose RMS is lower count as silent
BANDS = 17  # of the fingerprint, equally wide on the mel scale up to 8 kHz
SPAN = 8  # hops, 256 ms: long beside the shift between two copies' frames, so that it changes few bits
CHUNK = 104  # frames at a time: fewer would wait for each other in threads, more are slow in memory that is new
WINDOW = np.hanning(2 * HOP).astype(np.float32)
_MEL = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), BANDS + 1)
EDGES = np.rint(700 * (10 ** (_MEL / 2595) - 1) / 8000 * HOP).astype(int)  # bins of the bands' limits


def statistics(audio: np.ndarray) -> dict[str, float]:
    """int16[N] -> peak and RMS in dBFS, and the shares of silent hops and of samples at full scale."""
    value = audio.astype(np.float32) / 32768
    hops = value[: len(value) // HOP * HOP].reshape(-1, HOP)
    power = np.einsum("tn,tn->t", hops, hops) / HOP
    peak = max(int(audio.max()), -int(audio.min()))
    clipped = np.count_nonzero(audio == 32767) + np.count_nonzero(audio == -32768) if peak >= 32767 else 0
    return {
        "peak_db": round(_db((peak / 32768) ** 2), 2),
        "rms_db": round(_db(np.dot(value, value) / len(value)), 2),
        "silent": round(float(np.mean(power < 10 ** (SILENCE_DB / 10))), 4),
        "clipped": round(clipped / len(audio), 6),
    }


def fingerprint(audio: np.ndarray) -> np.ndarray:
    """int16[N] -> uint16[N // 512 - 16], a word of 16 bits per 32 ms; 0 where nothing is known.

    Bit b says whether, from one 256 ms to the next, the energy ratio of the neighbouring bands b and b + 1 grows. A
    copy keeps most bits after a change of gain, equaliser, format or a little noise. After J. Haitsma and T. Kalker,
    A highly robust audio fingerprinting system, ISMIR 2002.
    """
    if len(audio) < (2 * SPAN + 1) * HOP:
        return np.zeros(0, np.uint16)
    frames = np.lib.stride_tricks.sliding_window_view(audio, 2 * HOP)[::HOP]
    energy = np.concatenate([_energy(frames[t : t + CHUNK]) for t in range(0, len(frames), CHUNK)])
    total = np.cumsum(np.pad(energy, ((1, 0), (0, 0))), axis=0, dtype=np.float64)
    level = np.log(total[SPAN:] - total[:-SPAN] + 1)  # [T - 7, bands]
    ratio = np.diff(level, axis=1)
    bits = np.packbits(ratio[SPAN:] > ratio[:-SPAN], axis=1)  # [T - 15, 2]
    return bits.view(">u2")[:, 0].astype(np.uint16)


def _energy(frames: np.ndarray) -> np.ndarray:
    """int16[T, 1024] -> energy in each band [T, bands]."""
    spectrum = np.asarray(scipy.fft.rfft(frames * WINDOW)).view(np.float32)  # [T, 2 x bins], real and imaginary in turn
    return np.add.reduceat(np.square(spectrum), 2 * EDGES[:-1], axis=1)


def _db(power: float) -> float:
    return float(10 * np.log10(max(power, 1e-12)))

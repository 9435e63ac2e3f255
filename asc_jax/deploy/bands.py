"""Band-wise statistics matching: other devices made to sound like those of the training, without retraining.

"Unsupervised domain adaptation for acoustic scene classification using band-wise statistics matching" (Mezza, Habets,
Müller and Sarti, EUSIPCO 2020).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from asc_jax.errors import UserError
from asc_jax.net.ensemble import Net, settings_of
from asc_jax.net.frontend import log_mel
from asc_jax.net.scenenet import to_waveform
from asc_jax.typed import jitted


@dataclass(frozen=True)
class BandStatistics:
    """Mean and deviation of each band of the log-mel over all frames, [F] in decibels."""

    mean: np.ndarray
    deviation: np.ndarray


def statistics(net: Net, clips: Iterable[np.ndarray]) -> BandStatistics:
    """Those of clips of one length, int16 [N] at 16 kHz."""
    log_mels = {(network.magnitude_mel, network.bands, network.hop) for network in settings_of(net)}
    (magnitude, bands, hop), *others = log_mels
    if others:
        raise UserError("--device-stats: the networks of this ensemble have different log-mels; use one of its runs")

    @jitted
    def sums(audio: np.ndarray) -> tuple[jax.Array, jax.Array, int]:
        mel = log_mel(to_waveform(audio[None]), magnitude, bands=bands, hop=hop)[0]  # [T, F]
        return mel.sum(0), jnp.square(mel).sum(0), len(mel)

    total, squares, frames = np.zeros(bands), np.zeros(bands), 0
    for clip in clips:
        of_clip = jax.device_get(sums(clip))
        total, squares, frames = total + of_clip[0], squares + of_clip[1], frames + of_clip[2]
    if not frames:
        raise UserError("--device-stats: no recording could be used")
    mean = total / frames
    return BandStatistics(mean, np.sqrt(np.maximum(squares / frames - np.square(mean), 1e-6)))


def matching(target: BandStatistics, source: BandStatistics) -> dict[str, np.ndarray]:
    """The variables `bands` of `SceneNet` that give the target's log-mel the source's statistics."""
    scale = source.deviation / target.deviation
    return {
        "scale": scale.astype(np.float32),
        "shift": (source.mean - target.mean * scale).astype(np.float32),
    }

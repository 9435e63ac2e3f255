"""From a planned clip to its samples: mixture, room, device."""

import numpy as np

from data_prep.synthesis.devices import capture, transfer_function
from data_prep.synthesis.places import room_response, session_place
from data_prep.synthesis.plan import Clip
from data_prep.synthesis.recipes import mixture, session_levels
from data_prep.synthesis.signals import SAMPLE_RATE, generator, irfft, rfft

LEVEL_DBFS = (-36.0, -18.0)  # of every clip alike, so that loudness says nothing about the scene


def render(clip: Clip, seconds: float) -> np.ndarray:
    """Samples of a clip, a pure function of its arguments: int16 [round(seconds * 16000)]."""
    n = round(seconds * SAMPLE_RATE)
    session_rng = generator(clip.seed, clip.session)
    place = session_place(session_rng, clip.city, clip.scene)
    levels = session_levels(session_rng, clip.scene)
    room = room_response(session_rng, place.rt60, place.reverberation, n)
    rng = generator(clip.seed, clip.id)
    dry = mixture(rng, place, clip.scene, levels, n)
    # Periodic convolution: what rings beyond the end returns at the start, as if the sound had been going on before.
    sound = irfft(rfft(dry) * rfft(room, n) * transfer_function(clip.device, n), n)
    return capture(rng, clip.device, sound, rng.uniform(*LEVEL_DBFS))

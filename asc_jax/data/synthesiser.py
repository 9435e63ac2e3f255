"""Random sounds without end, each a pure function of its number, made inside the training step.

Sounds 2k and 2k + 1 are a pair: the same parameters, but some perturbed, other noise, another level and another
background. A network that learns to find the pairs learns features of sound without a recording or a label (Cherep and
Singh, "Contrastive learning from synthetic audio doppelgängers", ICLR 2025). A sound is the sum of two tones, harmonic
or frequency-modulated, and two bands of noise, each with an envelope of impacts and modulations, through resonances and
a room.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from asc_jax.net.frontend import RATE

PERTURBED = 0.5  # share of the parameters that differ within a pair
REACH = 0.25  # by at most that share of their range
LEVEL = (-50.0, -6.0)  # decibels of full scale, of each sound
BACKGROUND = (-70.0, -10.0)  # decibels beside the sound's

# name -> (least, most); with `*` in its name a parameter is uniform in its logarithm.
ENVELOPE = {
    "level": (-40, 0),  # decibels
    "onset": (0, 0.5),  # share of the clip
    "length*": (0.1, 4),  # share of the clip
    "attack*": (0.001, 0.3),  # seconds
    "impacts*": (0.5, 30),  # per second
    "decay*": (0.005, 1),  # seconds, of an impact
    "irregular": (0, 1),  # how far impacts stray from their rhythm
    "steady": (0, 1),  # what stays between impacts
    "beats*": (0.3, 60),  # per second, of the amplitude
    "depth": (0, 1),  # of that
}
TONE = ENVELOPE | {
    "pitch*": (40, 5000),  # Hz
    "glide": (-1.5, 1.5),  # octaves per second
    "vibrato*": (0.5, 12),  # per second
    "wide*": (0.001, 0.2),  # share of the pitch, of the vibrato
    "bright": (0, 0.97),  # amplitude of a harmonic beside the one below it
    "ratio*": (0.2, 8),  # modulator's frequency beside the pitch
    "index*": (0.02, 10),  # radians of frequency modulation
}
NOISE = ENVELOPE | {
    "centre*": (60, 7500),  # Hz
    "width*": (0.05, 4),  # octaves
}
RESONANCE = {
    "frequency*": (80, 7000),  # Hz
    "width*": (0.05, 1),  # octaves
    "gain": (-10, 25),  # decibels
}
ROOM = {
    "tilt": (-9, 3),  # decibels per octave
    "reverberation*": (0.03, 2),  # seconds until its level has fallen by 60 dB
    "wet*": (0.03, 3),  # its amplitude beside the direct sound's
}
VOICES = {"tone 1": TONE, "tone 2": TONE, "noise 1": NOISE, "noise 2": NOISE}
FILTERS = {"resonance 1": RESONANCE, "resonance 2": RESONANCE, "room": ROOM}
PARAMETERS = [(part, name, *limits) for part, of in (VOICES | FILTERS).items() for name, limits in of.items()]


def sounds(numbers: jax.Array, seed: jax.Array | np.uint32, samples: int) -> jax.Array:
    """The sounds with these numbers, uint32 [B], of the seed: float32 [B, samples] in [-1, 1]."""
    return jax.vmap(partial(_numbered, key=jax.random.key(seed), samples=samples))(numbers)


def _numbered(number: jax.Array, *, key: jax.Array, samples: int) -> jax.Array:
    pair_key = jax.random.fold_in(key, number // 2)
    own_key = jax.random.fold_in(pair_key, 1 + number % 2)
    sound_key, choice_key, reach_key = jax.random.split(own_key, 3)
    size = (len(PARAMETERS),)
    shared = jax.random.uniform(pair_key, size)
    moved = shared + jax.random.uniform(reach_key, size, minval=-REACH, maxval=REACH)
    moved = jnp.where(moved < 0, -moved, jnp.where(moved > 1, 2 - moved, moved))
    perturbed = jax.random.bernoulli(choice_key, PERTURBED * (number % 2), size)
    return sound(sound_key, scaled(jnp.where(perturbed, moved, shared)), samples)


def scaled(shares: jax.Array) -> dict[str, dict[str, jax.Array]]:
    """Parameters [P] in [0, 1] -> part of the synthesiser -> name -> value within its limits."""
    parameters = {}
    for share, (part, name, low, high) in zip(shares, PARAMETERS, strict=True):
        value = low * (high / low) ** share if name.endswith("*") else low + (high - low) * share
        parameters.setdefault(part, {})[name.removesuffix("*")] = value
    return parameters


def sound(key: jax.Array, parameters: dict[str, dict[str, jax.Array]], samples: int) -> jax.Array:
    """One sound, float32 [samples] in [-1, 1], with noise, background and level of the key."""
    keys = dict(
        zip((*VOICES, "room", "background", "slope", "levels"), jax.random.split(key, len(VOICES) + 4), strict=True)
    )
    time = jnp.arange(samples) / RATE
    octave = jnp.asarray(np.log2(np.maximum(np.fft.rfftfreq(samples, 1 / RATE), 20.0)), jnp.float32)  # of Hz
    voices = [
        (_tone if part.startswith("tone") else partial(_noise, octave=octave))(keys[part], parameters[part], time)
        for part in VOICES
    ]
    spectrum = jnp.fft.rfft(sum(voices)) * _room(keys["room"], parameters["room"], time)
    for part in ("resonance 1", "resonance 2"):
        p = parameters[part]
        spectrum *= 10 ** (p["gain"] / 20 * _bump(octave, p["frequency"], p["width"]))
    spectrum *= 10 ** (parameters["room"]["tilt"] / 20 * (octave - np.log2(1000)))
    slope = jax.random.uniform(keys["slope"], minval=-1, maxval=0.2)
    background = _random_spectrum(keys["background"], octave) * 2 ** (slope * octave)
    level, beside = (
        10 ** (jax.random.uniform(each, minval=limits[0], maxval=limits[1]) / 20)
        for each, limits in zip(jax.random.split(keys["levels"]), (LEVEL, BACKGROUND), strict=True)
    )
    waveform = jnp.fft.irfft(_unit(spectrum) + beside * _unit(background), samples)
    return jnp.clip(level * _unit(waveform), -1, 1)


def _tone(key: jax.Array, p: dict[str, jax.Array], time: jax.Array) -> jax.Array:
    """A pitch with harmonics whose amplitudes fall geometrically, frequency-modulated: [samples]."""
    vibrato = p["wide"] / (2 * np.pi * p["vibrato"]) * _sine(p["vibrato"] * time + jax.random.uniform(key))
    octaves = p["glide"] * time
    glided = time * (
        1 + np.log(2) / 2 * octaves + np.log(2) ** 2 / 6 * jnp.square(octaves)
    )  # the integral of 2^octaves
    cycles = p["pitch"] * (glided + vibrato)
    cosine = jnp.cos(2 * np.pi * (cycles % 1) + p["index"] * _sine(p["ratio"] * cycles))
    bright = jnp.minimum(p["bright"], 0.05 ** (p["pitch"] / (RATE / 2)))  # little is above what can be sampled
    harmonics = (cosine - bright) / (1 - 2 * bright * cosine + jnp.square(bright))  # sum of bright^(k - 1) cos k x
    return harmonics * jnp.sqrt(1 - jnp.square(bright)) * _envelope(p, time)


def _noise(key: jax.Array, p: dict[str, jax.Array], time: jax.Array, octave: jax.Array) -> jax.Array:
    """A band of noise: [samples]."""
    band = _unit(_random_spectrum(key, octave) * _bump(octave, p["centre"], p["width"]))
    return np.sqrt(len(time)) * jnp.fft.irfft(band, len(time)) * _envelope(p, time)


def _envelope(p: dict[str, jax.Array], time: jax.Array) -> jax.Array:
    """The amplitude over time, at most 1: [samples]."""
    beat = time * p["impacts"]
    number = jnp.floor(beat)
    late = p["irregular"] * ((number * 0.7548777 + p["depth"]) % 1)  # shares of a beat, evenly spread
    since = beat - number - late
    strength = 1 - p["irregular"] * ((number * 0.5698403 + p["onset"]) % 1)
    impacts = jnp.where(since < 0, 0, strength * jnp.exp(-jnp.maximum(since, 0) / (p["impacts"] * p["decay"])))
    amplitude = p["steady"] ** 2 + (1 - p["steady"] ** 2) * impacts
    amplitude *= (1 + p["depth"] * _sine(p["beats"] * time)) / (1 + p["depth"])
    clip = len(time) / RATE
    begun, over = p["onset"] * clip, (p["onset"] + p["length"]) * clip
    gate = jnp.clip((time - begun) / p["attack"], 0, 1) * jnp.clip((over - time) / p["attack"], 0, 1)
    return 10 ** (p["level"] / 20) * amplitude * gate


def _room(key: jax.Array, p: dict[str, jax.Array], time: jax.Array) -> jax.Array:
    """The spectrum of the direct sound and its reverberation, noise that decays: [samples // 2 + 1]."""
    decay = jnp.exp(-6.9 * time / p["reverberation"])
    return 1 + p["wet"] * jnp.fft.rfft(_unit(decay * jax.random.uniform(key, time.shape, minval=-1)))


def _random_spectrum(key: jax.Array, octave: jax.Array) -> jax.Array:
    parts = jax.random.uniform(key, (2, *octave.shape), minval=-1)
    return jax.lax.complex(parts[0], parts[1])


def _bump(octave: jax.Array, centre: jax.Array, width: jax.Array) -> jax.Array:
    """1 at a frequency in Hz, falling within some octaves on both sides."""
    return jnp.exp(-0.5 * jnp.square((octave - jnp.log2(centre)) / width))


def _sine(cycles: jax.Array) -> jax.Array:
    return jnp.sin(2 * np.pi * (cycles % 1))


def _unit(x: jax.Array) -> jax.Array:
    """Scaled to a mean square of 1."""
    return x * jax.lax.rsqrt(jnp.maximum(jnp.square(jnp.abs(x)).mean(), 1e-20))

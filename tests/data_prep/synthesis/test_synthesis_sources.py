import numpy as np
import pytest

from data_prep.synthesis import SCENES, people, surroundings, vehicles
from data_prep.synthesis.places import ROOMS, session_place
from data_prep.synthesis.recipes import ALL_SOURCES, RECIPES, distractor, mixture, session_levels
from data_prep.synthesis.signals import SAMPLE_RATE, generator

PLACE = session_place(generator(1), "lyra", "tram")


def peak_frequency(x, low, high):
    power = np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2
    frequency = np.fft.rfftfreq(len(x), 1 / SAMPLE_RATE)
    inside = (frequency >= low) & (frequency <= high)
    return frequency[inside][np.argmax(power[inside])]


@pytest.mark.parametrize("source", [*ALL_SOURCES, surroundings.background], ids=lambda s: s.__name__)
@pytest.mark.parametrize("n", [16_000, 50_001])
def test_source_is_finite_and_sounds(source, n):
    x = source(generator(2), PLACE, n)
    assert x.shape == (n,)
    assert np.isfinite(x).all()
    assert x.std() > 0
    np.testing.assert_array_equal(x, source(generator(2), PLACE, n))


@pytest.mark.parametrize("rpm, cylinders", [(600.0, 4), (900.0, 6), (1500.0, 6)])
def test_engine_is_strongest_at_multiples_of_the_firing_frequency(rpm, cylinders):
    hum = vehicles.engine_hum(generator(3), np.full(10 * SAMPLE_RATE, rpm), cylinders)
    firing = rpm / 120 * cylinders
    for k in (1, 2, 5):
        assert peak_frequency(hum, (k - 0.5) * firing, (k + 0.5) * firing) == pytest.approx(k * firing, abs=0.2)


def test_engine_has_the_harmonics_of_half_the_rotation_between():
    power = np.abs(np.fft.rfft(vehicles.engine_hum(generator(3), np.full(SAMPLE_RATE, 1200.0), 4))) ** 2
    assert power[10:200:10].min() > 1e4 * power[5:200:10].max()


def test_passage_is_loudest_at_the_nearest_point_with_the_doppler_shift_of_its_speed():
    pressure, doppler = vehicles.passage(20 * SAMPLE_RATE, 10 * SAMPLE_RATE, 17.15, 5.0)
    assert np.argmax(pressure) == pytest.approx(10 * SAMPLE_RATE, abs=10)  # flat there to 32 bits
    assert pressure.max() == pytest.approx(1)
    assert doppler[10 * SAMPLE_RATE] == pytest.approx(1)
    assert doppler[0] == pytest.approx(1 / 0.95, rel=1e-3)
    assert doppler[-1] == pytest.approx(1 / 1.05, rel=1e-3)


def test_talker_has_harmonics_of_its_pitch():
    x = people.talker(generator(4), 10 * SAMPLE_RATE, 120.0)
    frames = np.lib.stride_tricks.sliding_window_view(x, 1024)[::512] * np.hanning(1024)
    power = np.abs(np.fft.rfft(frames, 4096)) ** 2
    correlation = np.fft.irfft(power)[:, :400].mean(0)
    lag = 80 + np.argmax(correlation[80:250])
    assert SAMPLE_RATE / lag == pytest.approx(120, rel=0.15)


def test_syllables_come_four_times_a_second():
    lengths, envelope = people.syllables(generator(5), 60 * SAMPLE_RATE)
    assert SAMPLE_RATE / lengths.mean() == pytest.approx(people.SYLLABLES_PER_SECOND, rel=0.08)
    assert lengths.sum() >= 60 * SAMPLE_RATE
    assert 0 <= envelope.min() and 0.9 < envelope.max() <= 1


def test_vowels_differ_by_their_first_formant():
    spectra = np.abs(np.fft.rfft(people.vowel_tables(100.0, 1.0)))[:, 1:12]
    np.testing.assert_allclose(100.0 * (1 + spectra.argmax(axis=1)), people.FORMANTS[:, 0], atol=100)


def test_announcement_is_limited_to_the_band_of_its_horn():
    power = np.abs(np.fft.rfft(people.announcement(generator(6), PLACE, SAMPLE_RATE))) ** 2
    assert power[500:4000].sum() > 50 * (power[:200].sum() + power[6000:].sum())


def test_chime_is_a_chord_over_the_tone_of_the_city():
    x = surroundings.chime(generator(7), PLACE, 5 * SAMPLE_RATE)
    interval = 12 * np.log2(peak_frequency(x, 100, 8000) / PLACE.chime_hz)
    assert min(abs(interval - i) for i in (0, 4, 7, 12)) < 0.2


def test_every_scene_has_a_recipe_and_a_room():
    assert tuple(RECIPES) == tuple(ROOMS) == SCENES
    assert all(0 < part.chance <= 1 for recipe in RECIPES.values() for part in recipe)


def test_no_source_belongs_to_one_scene_alone_and_no_two_recipes_are_alike():
    sets = [frozenset(part.source for part in recipe) for recipe in RECIPES.values()]
    assert len(set(sets)) == len(SCENES)
    shared = [s for s in ALL_SOURCES if sum(s in one for one in sets) > 1]
    assert len(shared) > len(ALL_SOURCES) / 2


def test_mixture_follows_the_levels_of_the_session():
    levels = session_levels(generator(8), "bus")
    quiet = mixture(generator(9), PLACE, "bus", levels, SAMPLE_RATE)
    loud = mixture(generator(9), PLACE, "bus", [level + 40 for level in levels], SAMPLE_RATE)
    assert 30 < 20 * np.log10(loud.std() / quiet.std()) < 41


def test_distractor_is_not_louder_than_its_range():
    for i in range(len(ALL_SOURCES)):
        assert 0 < np.sqrt(np.mean(distractor(generator(10, i), PLACE, i, SAMPLE_RATE) ** 2)) < 2

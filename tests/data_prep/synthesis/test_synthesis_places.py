from dataclasses import astuple, fields

import numpy as np
import pytest

from data_prep.synthesis.places import CENTRES, CITY_SPREAD, Place, room_response, session_place
from data_prep.synthesis.signals import SAMPLE_RATE, generator


def schroeder_rt60(response):
    energy = np.cumsum(response[::-1].astype(float) ** 2)[::-1]
    decay_db = 10 * np.log10(energy / energy[0])
    fit = np.flatnonzero((decay_db < -5) & (decay_db > -25))
    return -60 / np.polyfit(fit / SAMPLE_RATE, decay_db[fit], 1)[0]


@pytest.mark.parametrize("rt60", [0.3, 0.8, 2.0])
def test_reverberation_decays_in_the_stated_time(rt60):
    response = room_response(generator(1), rt60, 1.0, 10 * SAMPLE_RATE)
    assert schroeder_rt60(response[1:]) == pytest.approx(rt60, rel=0.07)


@pytest.mark.parametrize("reverberation", [0.1, 1.0])
def test_reverberation_has_the_stated_energy(reverberation):
    response = room_response(generator(2), 1.0, reverberation, 10 * SAMPLE_RATE)
    assert response[0] == 1
    assert np.sum(response[1:].astype(float) ** 2) == pytest.approx(reverberation, rel=0.01)


def test_room_is_no_longer_than_the_clip():
    assert room_response(generator(3), 2.0, 1.0, SAMPLE_RATE).shape == (SAMPLE_RATE,)


def test_place_depends_on_city_scene_and_session():
    place = session_place(generator(4), "lyra", "tram")
    assert place == session_place(generator(4), "lyra", "tram")
    assert place != session_place(generator(5), "lyra", "tram")
    assert place != session_place(generator(4), "orso", "tram")
    assert place.rt60 < session_place(generator(4), "lyra", "metro_station").rt60
    assert all(
        value > 0 for field, value in zip(fields(Place), astuple(place), strict=True) if field.name != "slope_db"
    )


def log_parameters(city, session):
    place = session_place(generator(session), city, "tram")
    return np.log([getattr(place, name) for name in CENTRES])


def test_sessions_of_a_city_are_more_alike_than_cities():
    cities = ["lyra", "orso", "arden", "ulmen", "fenn", "brisa"]
    values = np.array([[log_parameters(city, 100 * i + j) for j in range(20)] for i, city in enumerate(cities)])
    between = values.mean(axis=1).std(axis=0, ddof=1)
    assert values.std(axis=1).mean() < between.mean()
    assert np.sqrt(np.mean(between**2)) == pytest.approx(CITY_SPREAD, rel=0.35)

import pytest

from data_prep.nearest import nearest

SCENES = ("metro", "metro_station", "park", "Urban park")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("metro_staton", "metro_station"), ("mtero", "metro"), ("PARK", "park"), ("urban_park", "Urban park")],
)
def test_the_nearest_name_is_offered(name, meant):
    assert nearest(name, SCENES) == f"; did you mean {meant!r}?"


@pytest.mark.parametrize("name", ["", "x", "airport"])
def test_none_is_offered_where_none_is_near(name):
    assert nearest(name, SCENES) == nearest(name, ()) == ""

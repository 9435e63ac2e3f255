"""A round's folder belongs to its settings."""

import dataclasses
import json

import pytest

from asc_jax.errors import UserError
from asc_jax.net.options import Network
from asc_jax.train import claims


def test_a_folder_keeps_its_settings(tmp_path):
    settings = {"seed": 0, "round": {"phase": {"epochs": 3}}, "scenes": ("bus", "tram")}
    claims.claim(tmp_path, settings, tmp_path)
    claims.claim(tmp_path, settings, tmp_path)
    assert claims.settings(tmp_path) == {**settings, "scenes": ["bus", "tram"]}
    assert "jax" in json.loads((tmp_path / "config.json").read_text())["versions"]
    with pytest.raises(UserError, match=r"round.phase.epochs was 3, is now 5"):
        claims.claim(tmp_path, {**settings, "round": {"phase": {"epochs": 5}}}, tmp_path)


def test_records_that_have_moved_are_found_at_their_new_place(tmp_path):
    claims.claim(tmp_path, {"seed": 0}, tmp_path / "old")
    claims.claim(tmp_path, {"seed": 0}, tmp_path / "new")
    assert json.loads((tmp_path / "config.json").read_text())["records"] == str(tmp_path / "new")


def test_write_text_leaves_no_partial_file(tmp_path):
    claims.write_text(tmp_path / "a.csv", "one")
    claims.write_text(tmp_path / "a.csv", "two")
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "two"


@pytest.mark.parametrize("off", [None, False, 0, []])
def test_a_setting_that_an_older_run_lacks_is_off(off):
    assert claims.differences({"seed": 1}, {"seed": 1, "shipped": off}) == []
    assert claims.differences({"seed": 1}, {"seed": 1, "shipped": True}) == ["shipped was None, is now True"]


def test_an_option_of_the_network_that_an_older_run_lacks_has_its_default(tmp_path):
    now = {"network": dataclasses.asdict(Network())}
    older = {"network": {name: value for name, value in now["network"].items() if name != "width"}}
    (tmp_path / "config.json").write_text(json.dumps({"settings": older}))
    claims.check(tmp_path, now)
    with pytest.raises(UserError, match=r"network.width was 1.0, is now 0.5"):
        claims.check(tmp_path, {"network": now["network"] | {"width": 0.5}})

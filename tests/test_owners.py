import grp
import os
import pwd

from etils import epath

import asc_jax.owners


def test_a_file_whose_owner_has_no_name_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    monkeypatch.setattr(grp, "getgrgid", {}.__getitem__)
    assert asc_jax.owners
    file = epath.Path(tmp_path / "file")
    file.write_bytes(bytes(7))
    found, known = file.stat(), os.stat(file)
    assert (found.length, found.mtime, found.mode) == (7, int(known.st_mtime), known.st_mode)
    assert not found.is_directory and epath.Path(tmp_path).stat().is_directory

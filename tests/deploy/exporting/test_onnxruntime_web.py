import hashlib
import io
import tarfile

import pytest

from asc_jax.deploy.exporting import onnxruntime_web
from asc_jax.errors import UserError

MADE_UP = {name: f"content of {name}".encode() for name in onnxruntime_web.SHA256}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A function that writes a package with these files, whose address is then that of the real one."""
    right = {name: hashlib.sha256(content).hexdigest() for name, content in MADE_UP.items()}
    monkeypatch.setattr(onnxruntime_web, "SHA256", right)

    def make(files):
        with tarfile.open(tmp_path / "package.tgz", "w:gz") as archive:
            for name, content in ({"ort.all.min.js": b"another variant"} | files).items():
                member = tarfile.TarInfo(f"package/dist/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return (tmp_path / "package.tgz").as_uri()

    return make


def test_three_files_are_downloaded_once(package, tmp_path, monkeypatch):
    address, cache = package(MADE_UP), tmp_path / "new" / "cache"
    download = onnxruntime_web.download
    monkeypatch.setattr(onnxruntime_web, "download", lambda folder: download(folder, address))
    assert onnxruntime_web.files(None, cache) == MADE_UP
    assert sorted(each.name for each in cache.iterdir()) == sorted(MADE_UP)
    monkeypatch.setattr(onnxruntime_web, "download", pytest.fail)
    assert onnxruntime_web.files(None, cache) == MADE_UP


def test_files_of_another_version_are_refused(package, tmp_path):
    other = MADE_UP | {onnxruntime_web.WASM: b"another version"}
    with pytest.raises(UserError, match=r"its ort-wasm-simd-threaded.wasm is not that of onnxruntime-web \d"):
        onnxruntime_web.download(tmp_path / "cache", package(other))
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("fault", ["nothing there", "cut off"])
def test_without_the_network_the_package_can_be_named(package, tmp_path, fault):
    address = package(MADE_UP)
    content = (tmp_path / "package.tgz").read_bytes()
    (tmp_path / "package.tgz").write_bytes(content[:100])
    address = "file:///nowhere.tgz" if fault == "nothing there" else address
    with pytest.raises(UserError, match=r"cannot be downloaded .* name its folder with --onnxruntime-web"):
        onnxruntime_web.download(tmp_path / "cache", address)


def test_an_unpacked_package_is_taken(package, tmp_path):
    package(MADE_UP)
    with pytest.raises(UserError, match=r"has no ort.wasm.min.js: name a folder with the unpacked npm package"):
        onnxruntime_web.files(tmp_path, tmp_path / "cache")
    (tmp_path / "dist").mkdir()
    for name, content in MADE_UP.items():
        (tmp_path / "dist" / name).write_bytes(content)
    assert onnxruntime_web.files(tmp_path, tmp_path / "cache") == MADE_UP

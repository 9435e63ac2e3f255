"""ONNX Runtime Web: the three files of its npm package that run a model in any browser."""

import hashlib
import tarfile
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import IO

from asc_jax.errors import UserError

VERSION = "1.30.0"
PACKAGE = f"https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-{VERSION}.tgz"  # 33 MB
SCRIPT, MODULE, WASM = "ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"
SHA256 = {
    SCRIPT: "faece07e84faa9001f5104bbe4e5c70861d06cb2376a0dea1fa0ad33a67adc81",
    MODULE: "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    WASM: "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
TIMEOUT = 60  # seconds without an answer


def files(package: Path | None, cache: Path) -> dict[str, bytes]:
    """Name -> content of the files, from the folder of the unpacked package, or from the cache, where they are
    downloaded if they are not there. UserError for other ones than those of VERSION."""
    if package is None:
        if not all((cache / name).is_file() for name in SHA256):
            download(cache)
        package = cache
    folder = package / "dist" if (package / "dist").is_dir() else package
    if missing := [name for name in SHA256 if not (folder / name).is_file()]:
        raise UserError(f"{folder} has no {missing[0]}: name a folder with the unpacked npm package onnxruntime-web")
    return {name: _checked(name, (folder / name).read_bytes(), str(folder)) for name in SHA256}


def download(folder: Path, package: str = PACKAGE) -> None:
    """Writes the files into the folder, from npm's registry."""
    try:
        with urllib.request.urlopen(package, timeout=TIMEOUT) as response:
            found = {name: _checked(name, content, package) for name, content in _unpacked(response)}
    except (OSError, HTTPException, tarfile.TarError) as error:
        advice = "unpack it where it can, and name its folder with --onnxruntime-web"
        raise UserError(f"{package} cannot be downloaded ({error}): {advice}") from error
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in found.items():
        fresh = folder / f"{name}.part"
        fresh.write_bytes(content)
        fresh.rename(folder / name)


def _unpacked(archive: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the files, from a package that is read once."""
    with tarfile.open(fileobj=archive, mode="r|gz") as package:
        for member in package:
            name = member.name.removeprefix("package/dist/")
            if name in SHA256 and (content := package.extractfile(member)):
                yield name, content.read()


def _checked(name: str, content: bytes, source: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise UserError(f"{source}: its {name} is not that of onnxruntime-web {VERSION}; take that version, undamaged")
    return content

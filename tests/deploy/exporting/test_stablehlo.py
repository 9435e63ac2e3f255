import json
import subprocess
import sys

import numpy as np
import pytest

from asc_jax.deploy.exporting import stablehlo
from asc_jax.net.scenenet import to_waveform

ALONE = """
import json, sys, zipfile, jax, numpy
archive = zipfile.ZipFile(sys.argv[1])
exported = jax.export.deserialize(bytearray(archive.read("program.bin")))
cosine, confidence = exported.call(numpy.load(sys.argv[2]))
print(json.dumps([exported.platforms, json.loads(archive.read("model.json")), cosine.tolist()]))
assert not {"flax", "asc_jax"} & set(sys.modules)
"""


@pytest.fixture(scope="module")
def file(model, tmp_path_factory):
    file = tmp_path_factory.mktemp("exported") / "model.zip"
    stablehlo.write(model, file)
    return file


def test_it_tells_the_same(file, check_export):
    check_export(stablehlo.read(file), 1e-5)


def test_jax_alone_runs_it(file, clips, predicted, tmp_path):
    np.save(tmp_path / "clips.npy", to_waveform(clips[:3]))
    command = [sys.executable, "-c", "import jax.export" + ALONE, str(file), str(tmp_path / "clips.npy")]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    platforms, facts, cosine = json.loads(run.stdout)
    assert platforms == ["cpu", "cuda", "tpu"] and facts["scenes"][2] == "tone"
    np.testing.assert_allclose(cosine, predicted[:3], rtol=0, atol=1e-5)

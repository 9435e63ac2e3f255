import jax
import jax.numpy as jnp
import numpy as np
import pytest

from asc_jax.config import PAPER
from asc_jax.deploy import weights
from asc_jax.deploy.released import to_released
from asc_jax.errors import UserError
from asc_jax.evaluate.runs import read_run, scored_rounds
from asc_jax.net.scenenet import SceneNet
from asc_jax.train.step import create_state
from asc_jax.train.trained import load

pytestmark = pytest.mark.usefixtures("quickest_to_compile")
SCENES = ("bus", "park", "tram")
FILE = "model.ckpt"


@pytest.fixture(scope="module")
def variables(quickest_to_compile):
    return create_state(SceneNet(3), 16_000, jax.random.key(0)).variables


@pytest.fixture
def checkpoint(monkeypatch, variables):
    """Stands for a file, which only PyTorch reads."""
    monkeypatch.setattr(weights, "read_checkpoint", lambda file: to_released(variables))


def test_an_untested_round_has_the_weights_and_no_scores(checkpoint, variables, tmp_path):
    weights.import_round(FILE, SCENES, 16_000, tmp_path / "pretrain", None)
    net, scenes, loaded = load(read_run(tmp_path)[-1].folder)
    assert (net, scenes) == (SceneNet(3), SCENES)
    jax.tree.map(np.testing.assert_array_equal, loaded, variables)
    with pytest.raises(UserError, match="never tested; import them with --records"):
        scored_rounds(tmp_path)


def test_a_tested_round_knows_the_scenes_in_the_order_of_the_records(checkpoint, variables, tmp_path, make_records):
    audio = np.random.default_rng(0).integers(-9999, 9999, (5, 16_000)).astype(np.int16)
    splits = ("train", "test", "test", "test", "train")
    rows = [
        {"id": f"{n}", "split": split, "label": SCENES[n % 3], "truth": SCENES[n % 3]} for n, split in enumerate(splits)
    ]
    records = make_records(rows, audio, ("tram", "bus", "park"))
    weights.import_round(FILE, SCENES, 16_000, tmp_path / "pretrain", records)
    (each,) = scored_rounds(tmp_path)
    assert each.predictions.scenes == ("tram", "bus", "park")
    assert each.leak.clips == 3
    plain = jax.jit(SceneNet(3).apply)(variables, audio[1:4] / np.float32(32768)).cosine
    np.testing.assert_allclose(each.predictions.cosine, plain[:, jnp.array([2, 0, 1])], atol=1e-5)


def test_records_of_other_clips_are_refused(checkpoint, tmp_path, make_records):
    records = make_records([{"id": "0", "split": "test"}], np.zeros((1, 8000), np.int16), SCENES)
    with pytest.raises(UserError, match=r"its clips 0.5 s; the checkpoint's are bus, park, tram and 1 s"):
        weights.import_round(FILE, SCENES, 16_000, tmp_path / "pretrain", records)
    assert not (tmp_path / "pretrain").exists()


def test_another_clip_length_is_reported_with_the_file(checkpoint, tmp_path):
    shapes = r"has the shape \(512, 1, 32, 8\), not \(512, 1, 32, 40\)"
    with pytest.raises(UserError, match=f"model.ckpt: classifier.linear7.conv.weight {shapes}"):
        weights.import_round(FILE, SCENES, 80_000, tmp_path / "pretrain", None)


def test_only_the_released_network_is_written(variables, tmp_path):
    with pytest.raises(UserError, match="only the released network"):
        weights.write_checkpoint(tmp_path / FILE, SceneNet(3, PAPER), variables)


@pytest.mark.extra
def test_a_file_comes_back_and_what_is_none_is_refused(variables, tmp_path):
    torch = pytest.importorskip("torch", reason="needs torch: pip install -e '.[torch]'")
    file = tmp_path / FILE
    weights.write_checkpoint(file, SceneNet(3), variables)
    written = to_released(variables)
    read = weights.read_checkpoint(file)
    assert {name for name in read if not name.endswith("num_batches_tracked")} == written.keys()
    for name, tensor in written.items():
        np.testing.assert_array_equal(read[name], tensor)
    torch.save({"weights": 1}, tmp_path / "other.ckpt")
    (tmp_path / "noise.ckpt").write_bytes(bytes(range(256)))
    for name in ("other.ckpt", "noise.ckpt"):
        with pytest.raises(UserError, match=f"{name}: no Lightning checkpoint"):
            weights.read_checkpoint(tmp_path / name)
    with pytest.raises(UserError, match=r"none.ckpt: there is no such file"):
        weights.read_checkpoint(tmp_path / "none.ckpt")

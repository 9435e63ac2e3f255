import numpy as np
import pandas
import pytest

from asc_jax.deploy.prediction import Prediction
from asc_jax.deploy.tables import embeddings, writer
from asc_jax.errors import UserError


@pytest.fixture(params=[False, True])
def table(request):
    """Of two recordings, by recording or by window, the latter without the one that has no signal."""
    vectors = list(np.eye(128, dtype=np.float32)[:2])
    found = [
        Prediction("a.wav", ("bus",), [0.0, 2.5], [np.ones(1)] * 2, embeddings=vectors),
        Prediction("b, c.wav", ("bus",), [0.0, 2.5], [np.ones(1), None], embeddings=[vectors[1], None]),
    ]
    return embeddings(found, windows=request.param).dropna()


def test_files_of_every_ending_hold_the_same(table, tmp_path):
    for ending in ("parquet", "csv", "npz"):
        writer(tmp_path / f"x.{ending}")(table)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["x.csv", "x.npz", "x.parquet"]
    for found in (pandas.read_parquet(tmp_path / "x.parquet"), pandas.read_csv(tmp_path / "x.csv")):
        pandas.testing.assert_frame_equal(found, table.reset_index(drop=True), check_dtype=False)
    with np.load(tmp_path / "x.npz") as arrays:  # without pickles
        assert set(arrays) == {"embedding", "files"} | {"start"} & set(table)
        np.testing.assert_array_equal(arrays["embedding"], table.filter(like="embedding ").to_numpy())
        assert arrays["embedding"].dtype == np.float32 and arrays["files"].tolist() == table["file"].tolist()


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"x.mat: its ending must be one of .parquet, .csv, .npz"):
        writer(tmp_path / "x.mat")

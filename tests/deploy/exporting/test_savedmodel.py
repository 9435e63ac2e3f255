from extras import needs

from asc_jax.deploy.exporting import savedmodel

pytestmark = needs("savedmodel", "tensorflow")


def test_it_tells_the_same(model, tmp_path, check_export):
    savedmodel.write(model, tmp_path / "model")
    check_export(savedmodel.read(tmp_path / "model"), 1e-5)

import io

import numpy as np
from rich.console import Console

from asc_jax.evaluate.runs import FinishedRound
from asc_jax.train.metrics import metrics_log, progress_bar, read


def shown(**fields):
    """The bar of a task with these fields, as text."""
    bar = progress_bar()
    bar.add_task("pretrain", total=10, **dict.fromkeys(("loss", "accuracy", "clips_per_second"), np.nan) | fields)
    text = io.StringIO()
    Console(file=text, width=160).print(bar)
    return text.getvalue()


def test_the_bar_says_that_the_first_step_compiles():
    assert "compiling ..." in shown() and "nan" not in shown()


def test_the_bar_shows_what_is_known():
    one_step = shown(loss=1.25, accuracy=0.5)
    assert "loss 1.250  accuracy 50.0%" in one_step and "nan" not in one_step and "compiling" not in one_step
    assert "321 clips/s" in shown(loss=1.25, accuracy=0.5, clips_per_second=321.0)
    scored = shown(loss=1.25, accuracy=0.5, validation_loss=1.5, validation_accuracy=0.4)
    assert "accuracy 50.0%  validation 1.500, 40.0%" in scored


def test_validation_is_in_the_table_and_the_curves_where_it_is_scored(tmp_path):
    epoch = {"step": 2, "epoch": 0, "learning_rate": 1e-3, "loss": 1.0, "accuracy": 0.5, "clips_per_second": 9.0}
    scored = {"validation_loss": 1.5, "validation_accuracy": 0.4}
    for name, rows in (("without", [epoch]), ("with", [epoch | scored])):
        (tmp_path / name).mkdir()
        with metrics_log(tmp_path / name, 0) as log:
            for row in rows:
                log(row)
    assert list(read(tmp_path / "without" / "metrics.csv")[0]) == list(epoch)
    assert read(tmp_path / "with" / "metrics.csv")[0].items() >= {"validation_loss": "1.5"}.items()
    (curves,), (others,) = (list(tmp_path.glob(f"{name}/tensorboard/*")) for name in ("with", "without"))
    assert b"validation_accuracy" in curves.read_bytes() and b"validation" not in others.read_bytes()


def test_epochs_of_a_version_that_did_not_score_validation_are_empty_there(tmp_path, write_round, made_up):
    folder = write_round(tmp_path, "pretrain", made_up())
    (folder / "metrics.csv").write_text("step,epoch,loss,validation_loss\n2,0,1.0,\n4,1,0.5,1.5\n")
    metrics = FinishedRound(folder).metrics
    assert metrics is not None and np.isnan(metrics["validation_loss"][0]) and metrics["validation_loss"][1] == 1.5

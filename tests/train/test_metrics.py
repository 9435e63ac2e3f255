import io

import numpy as np
from rich.console import Console

from asc_jax.train.metrics import progress_bar


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

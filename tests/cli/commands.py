"""Commands that fail."""

import pytest

from asc_jax.cli import main


def error_of(capsys, *arguments):
    """What a failing command prints; it must be one line, with exit status 2."""
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("asc-jax: ") and error.count("\n") == 1
    return error

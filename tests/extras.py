"""Tests that need more than `make test` installs; `make test-extras` runs them."""

import importlib.util

import pytest


def needs(extra: str, *modules: str) -> list[pytest.MarkDecorator]:
    """The marks of a test, or a file's `pytestmark`, that imports these modules of an optional extra."""
    missing = [module for module in modules if not importlib.util.find_spec(module)]
    reason = f"needs {', '.join(missing)}: pip install -e '.[{extra}]'"
    return [pytest.mark.extra, pytest.mark.skipif(bool(missing), reason=reason)]

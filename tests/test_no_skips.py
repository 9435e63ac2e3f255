import pytest

SKIPS = "import pytest; pytest.importorskip('nowhere_to_be_found', reason={reason!r})"
TESTS = """
import pytest
def test_that_passes(): pass
def test_that_skips(): pytest.skip({reason!r})
"""


@pytest.mark.parametrize(
    ("option", "reason", "status"),
    [("--no-skips", "needs torch", 1), ("--no-skips", "needs a GPU", 0), ("--verbose", "needs torch", 0)],
)
@pytest.mark.parametrize("content", [SKIPS, TESTS])
def test_a_skip_fails_unless_it_is_for_hardware_or_data(monkeypatch, pytester, content, option, reason, status):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_others="def test_that_passes(): pass", test_some=content.format(reason=reason))
    result = pytester.runpytest_inprocess("-p", "no_skips", option)
    assert result.ret == status
    assert (f"--no-skips: Skipped: {reason}" in result.outlines) == bool(status)

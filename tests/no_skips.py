"""pytest's option --no-skips: a test that is skipped for want of anything but hardware or data fails the run."""

import pytest

ALLOWED = ("needs a GPU", "needs a TPU", "not part of this repository")


def pytest_addoption(parser):
    parser.addoption("--no-skips", action="store_true", help=f"fail if a test is skipped, unless for: {ALLOWED}")


def pytest_sessionfinish(session):
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")  # none in a worker of pytest-xdist
    if not terminal or not session.config.getoption("no_skips"):
        return
    reasons = [report.longrepr[2] for report in terminal.stats.get("skipped", ())]
    for reason in sorted({each for each in reasons if not any(allowed in each for allowed in ALLOWED)}):
        terminal.write_line(f"--no-skips: {reason}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

"""A watched process, as its user and its peers see it end."""

import signal
import subprocess
import sys

import pytest

# What JAX's coordination service writes before it ends a process, shortened.
LOGS = {
    1: "Barrier failed because: task is set to ERROR: UNAVAILABLE: Task 1 heartbeat timeout. This indicates that",
    12: "UNAVAILABLE: The following tasks are unhealthy (stopped sending heartbeats):\n12\nThe tasks have crashed.",
    0: "Failed to send RPC to coordination service. Either the leader task was preempted/died/restarted unexpectedly",
}
WATCHED = """
import os, sys, time
from asc_jax.cli.watching import watched
def run():
    {body}
sys.exit(watched(run))
"""


def start(body):
    return subprocess.Popen(
        [sys.executable, "-c", WATCHED.format(body=body)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def end_of(body):
    process = start(body)
    _, error = process.communicate()
    return process.returncode, error


@pytest.mark.parametrize("dead", LOGS)
def test_the_dead_process_is_named_in_one_line(dead):
    status, error = end_of(f"os.write(2, {LOGS[dead].encode()!r}); os.abort()")
    assert status == 75
    assert error.startswith(f"asc-jax: process {dead} has ended") and error.count("\n") == 1


def test_processes_that_never_came_are_the_users_to_start():
    status, error = end_of("os.write(2, b'RPC: /xla.coordination.CoordinationService/RegisterTask'); os.abort()")
    assert status == 2 and error.startswith("asc-jax: some process has not come") and error.count("\n") == 1


def test_other_ends_keep_their_status_and_what_was_written():
    assert end_of("os.write(2, b'careful'); return 0") == (0, "careful")
    assert end_of("print('fix this', file=sys.stderr); return 2") == (2, "fix this\n")
    assert end_of("os.write(2, b'out of memory'); os.kill(os.getpid(), 9)") == (128 + signal.SIGKILL, "out of memory")


def test_sigterm_is_handed_on():
    process = start("print(flush=True); time.sleep(60)")
    process.stdout.readline()
    process.terminate()
    process.communicate()
    assert process.returncode == 128 + signal.SIGTERM


def test_a_process_ends_with_the_one_that_watches_it():
    process = start("print(flush=True); time.sleep(600)")
    process.stdout.readline()
    process.kill()
    rest, error = process.communicate(timeout=20)  # which the child's ends of the pipes would hold up for 600 s
    assert (process.returncode, rest, error) == (-signal.SIGKILL, "", "")

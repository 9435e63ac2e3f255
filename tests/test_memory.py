"""What a container grants counts, not what the machine has."""

import os
import resource
from types import SimpleNamespace

import pytest

from asc_jax import memory

INSTALLED = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize(
    ("lines", "file", "content", "limit"),
    [
        ("0::/a/b", "a/b/memory.max", "1000", 1000),
        ("0::/a/b", "a/memory.max", "1000", 1000),  # of the group around it
        ("0::/a/b", "a/memory.max", "max", INSTALLED),
        ("0::/", "memory.max", "1000", 1000),
        ("4:memory:/c\n0::/", "memory/c/memory.limit_in_bytes", "1000", 1000),
        ("4:cpu,memory:/c\n0::/", "memory/memory.limit_in_bytes", "1000", 1000),
        ("4:memory:/c", "memory/c/memory.limit_in_bytes", str(2**63 - 4096), INSTALLED),
        ("0::/elsewhere", "memory.max", "1000", 1000),  # a container, which sees its own group as the root
        (None, "memory.max", "1000", 1000),
    ],
)
def test_the_smallest_limit_counts(lines, file, content, limit, tmp_path, monkeypatch):
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(f"{content}\n")
    if lines:
        (tmp_path / "self").write_text(f"{lines}\n")
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "self")
    monkeypatch.setattr(memory, "ROOT", tmp_path)
    assert memory.host_memory() == limit


def test_the_limit_of_a_shell_counts(monkeypatch):
    limits = SimpleNamespace(**vars(resource) | {"getrlimit": lambda which: (1000, 2000)})
    monkeypatch.setattr(memory, "resource", limits)
    assert memory.host_memory() == 1000

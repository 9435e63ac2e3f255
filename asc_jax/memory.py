"""The memory that this process may use."""

import os
import resource
from pathlib import Path

GROUPS = Path("/proc/self/cgroup")
ROOT = Path("/sys/fs/cgroup")
LIMITS = ("memory.max", "memory.limit_in_bytes")  # of the second and the first version of cgroups


def host_memory() -> int:
    """Bytes of the machine, or of what a container, a job or the shell grants of it."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [_number(folder / name) for folder in _groups() for name in LIMITS]
    address_space, _ = resource.getrlimit(resource.RLIMIT_AS)
    limits += [address_space] if address_space != resource.RLIM_INFINITY else []
    return min([installed, *(limit for limit in limits if limit)])


def _groups() -> list[Path]:
    """The folders of this process's control groups and of those around them; in a container, the root is its own."""
    try:
        lines = GROUPS.read_text().splitlines()
    except OSError:
        return [ROOT, ROOT / "memory"]
    folders = [ROOT, ROOT / "memory"]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "" or "memory" in controllers.split(","):
            group = (ROOT / "memory" if controllers else ROOT) / path.lstrip("/")
            folders += [group, *(parent for parent in group.parents if parent.is_relative_to(ROOT))]
    return folders


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # there is none, or it is "max"
        return None

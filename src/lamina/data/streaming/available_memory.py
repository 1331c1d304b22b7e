"""How much memory a process can still take, after what machine, container and limits leave; and how to need less."""

import ctypes
import resource
from contextlib import suppress
from pathlib import Path

KIB = 1024
NO_LIMIT = 2**60
CGROUP = Path("/sys/fs/cgroup")


def available_bytes() -> int:
    """Return how many bytes can still be taken; a very large number where nothing says so."""
    return max(0, min(_of_machine(), _of_container(), _of_process()))


def give_back() -> None:
    """Give memory that is no longer used back to the system: pyarrow and the C library keep it for later otherwise."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):  # glibc only
        ctypes.CDLL(None).malloc_trim(0)


def _of_machine() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * KIB
    except OSError:
        pass
    return NO_LIMIT


def _of_container() -> int:
    """Return what is left of the memory of this control group (version 2), page cache counted as free."""
    try:
        most = (CGROUP / "memory.max").read_text().strip()
        if most == "max":
            return NO_LIMIT
        held = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
        used = int((CGROUP / "memory.current").read_text()) - int(held.get("inactive_file", 0))
        return int(most) - used
    except (OSError, ValueError):
        return NO_LIMIT


def _of_process() -> int:
    """Return what the limit of the address space leaves (`ulimit -v`)."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return NO_LIMIT
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):
        return limit
    return limit - pages * resource.getpagesize()

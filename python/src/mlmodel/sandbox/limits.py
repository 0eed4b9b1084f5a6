"""What a walled process gets of the machine: memory, descriptors, variables, privileges."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel._base.settings import whole_number
from mlmodel.sandbox.kernel import checked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = [
    "clean_environment",
    "close_others",
    "give_up_privileges",
    "limit",
    "memory_allowed",
    "seconds_allowed",
    "threads",
]

#: A share of the machine's memory: the rest is the machine's, and it goes on living.
_SHARE = 0.75
_SETTING = "MLMODEL_SANDBOX_BYTES"
_SECONDS = "MLMODEL_SANDBOX_SECONDS"

#: Variables that are handed on, and beginnings of such: how to compute, where libraries are, how
#: to speak. None of them holds a secret.
_KEPT = frozenset({
    *("HOME", "LANG", "LANGUAGE", "TZ", "TZDIR", "PATH", "VIRTUAL_ENV", "CONDA_PREFIX"),
    *("LD_LIBRARY_PATH", "NO_COLOR", "TERM", "XDG_CACHE_HOME", "XDG_STATE_HOME"),
    *("MLMODEL_CACHE", "MLMODEL_TRUST_STORE", "MLMODEL_OFFLINE", _SETTING, _SECONDS),
    *("PYTHONPATH", "PYTHONHASHSEED", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONWARNINGS"),
})  # fmt: skip
_KEPT_FAMILIES = (
    *("LC_", "OMP_", "GOMP_", "KMP_", "OPENBLAS_", "MKL_", "BLIS_", "GOTO_", "NUMEXPR_"),
    *("JOBLIB_", "SKLEARN_", "ORT_", "MALLOC_"),
    *("KERAS_BACKEND", "TF_CPP_", "TF_ENABLE_", "TF_NUM_"),
)
#: A library that reports how it is used would only fail to, and say so; one that reads its settings
#: from the home folder, or asks for a folder of its own when it is imported, would not start.
_SET = {
    "ORT_DISABLE_TELEMETRY": "1",
    "KERAS_HOME": "/nonexistent",
    "TEST_TMPDIR": "/nonexistent",
    "TORCHINDUCTOR_CACHE_DIR": "/tmp",  # noqa: S108 - not written to
}

_NO_NEW_PRIVILEGES = 38
_CAPABILITIES_V3 = 0x20080522
#: To read, as root could before; without it a server run as root could not open a user's model.
_MAY_READ = 1 << 2


def clean_environment(given: Mapping[str, str], keep: Collection[str] = ()) -> dict[str, str]:
    """Return those of the variables that a walled process gets; ``keep`` names more of them."""
    kept = {
        name: value
        for name, value in given.items()
        if name in _KEPT or name in keep or name.startswith(_KEPT_FAMILIES)
    }
    return {**kept, **_SET}


def memory_allowed() -> int:
    """Return how many bytes of memory a walled process may have.

    It is what ``MLMODEL_SANDBOX_BYTES`` says, else three quarters of the machine's or container's.

    Raises:
        InvalidArgument: the variable is not a whole number from 1.

    """
    return whole_number(_SETTING, int(_memory() * _SHARE))


def seconds_allowed() -> int | None:
    """Return how long one call may take, as ``MLMODEL_SANDBOX_SECONDS`` says; None for any time.

    Raises:
        InvalidArgument: the variable is not a whole number from 1.

    """
    return whole_number(_SECONDS, 0) or None


def _memory() -> int:
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            found.append(int(Path("/sys/fs/cgroup", name).read_text(encoding="ascii")))
    return min(found)


def limit(memory: int, *, files: bool) -> None:
    """Bound this process: its data, no core dumps and, unless ``files``, no file that grows."""
    import resource

    def lowered(kind: int, most: int) -> None:
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))

    lowered(resource.RLIMIT_DATA, memory)
    # With 0 the kernel still hands a dump to a program that core_pattern names; with 1 it does not.
    lowered(resource.RLIMIT_CORE, 1)
    if not files:
        lowered(resource.RLIMIT_FSIZE, 0)


def threads() -> int:
    """Return how many threads this process has."""
    return len(list(Path("/proc/self/task").iterdir())) if sys.platform == "linux" else 1


def close_others(keep: Iterable[int]) -> None:
    """Close every descriptor but these and the three standard ones; on Linux."""
    opened = [int(path.name) for path in Path("/proc/self/fd").iterdir()]
    for number in opened:
        if number not in {0, 1, 2, *keep}:
            with suppress(OSError):  # the listing's own is closed already
                os.close(number)


def give_up_privileges() -> None:
    """Take from this process what root has, and let no program that it starts get more.

    Raises:
        OSError: the kernel refused.

    """
    library = ctypes.CDLL(None, use_errno=True)
    checked(library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    head = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    # Effective, permitted, inheritable: of the first 32 capabilities, then of the others.
    sets = (ctypes.c_uint32 * 6)()
    if library.capget(head, sets) == 0:
        kept = sets[1] & _MAY_READ
        library.capset(head, (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0))

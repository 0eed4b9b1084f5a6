"""Landlock: which files this process may open, set through ctypes (TRU-081).

Every right that the kernel knows is taken away, and reading given back for what is named. Its
rules follow the real place of a file: no link, no ``/proc/self/root`` leads around them.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from mlmodel.sandbox.kernel import call, checked

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["put_on", "version"]

# The numbers are the same on every machine.
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_BENEATH = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
#: From which version on the kernel knows so many rights of files.
_RIGHTS = ((1, 13), (2, 14), (3, 15), (5, 16))
#: Version 4: binding and connecting over TCP; version 6: abstract sockets, signals to outside.
_NETWORK, _SCOPES = (4, 0b11), (6, 0b11)


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Return the version of Landlock that this kernel has; 0 for none."""
    if sys.platform != "linux":
        return 0
    return max(0, call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION)))


def put_on(read: Iterable[str]) -> None:
    """Let this thread, and those that it starts, open only files beneath these paths, to read.

    Paths that do not exist are left out. The process must have given up new privileges.

    Raises:
        OSError: the kernel refused.

    """
    given = _ruleset(version())
    ruleset = checked(call(_CREATE, ctypes.byref(given), ctypes.c_size_t(ctypes.sizeof(given)), 0))
    try:
        for path in read:
            with suppress(FileNotFoundError, PermissionError, NotADirectoryError):
                _allow(ruleset, path)
        checked(call(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0)))
    finally:
        os.close(ruleset)


def _ruleset(known: int) -> _Ruleset:
    rights = max(count for since, count in _RIGHTS if known >= since)
    return _Ruleset(
        (1 << rights) - 1,
        _NETWORK[1] if known >= _NETWORK[0] else 0,
        _SCOPES[1] if known >= _SCOPES[0] else 0,
    )


def _allow(ruleset: int, path: str) -> None:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        is_folder = stat.S_ISDIR(os.fstat(opened).st_mode)
        rule = _Beneath(_READ_FILE | (_READ_DIR if is_folder else 0), opened)
        checked(call(_ADD, ctypes.c_int(ruleset), _BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(opened)

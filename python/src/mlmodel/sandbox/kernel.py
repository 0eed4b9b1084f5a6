"""Calls of the kernel that Python has no name for, made through ctypes."""

from __future__ import annotations

import ctypes
import os

__all__ = ["call", "checked"]


def call(number: int, *given: object) -> int:
    """Return what the system call of this number gives; below 0 where the kernel refused."""
    function = ctypes.CDLL(None, use_errno=True).syscall
    function.restype = ctypes.c_long
    return int(function(ctypes.c_long(number), *given))


def checked(result: int) -> int:
    """Return what a call gave that keeps its error for ctypes (``use_errno``).

    Raises:
        OSError: it is below 0: the kernel refused.

    """
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result

"""A filter of system calls: a BPF program written by hand, set through ctypes (TRU-081).

The kernel runs it at every call of every thread, and nothing takes it off. It allows what is on
the list of ``syscalls.py`` and answers EPERM to the rest. Another calling convention than the
machine's own (32 bits, x32), whose numbers mean other calls, ends the process.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import TYPE_CHECKING

from mlmodel.sandbox.kernel import call, checked
from mlmodel.sandbox.syscalls import (
    ALLOWED,
    ANSWERED_ABSENT,
    LAST_KNOWN,
    NUMBERS,
    SERVING,
    architecture,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["is_available", "program", "put_on"]

#: What identifies the machine's own calling convention (linux/audit.h), in the order of NUMBERS.
_CONVENTIONS = (0xC000003E, 0xC00000B7)
_X32_BIT = 0x40000000

# linux/bpf_common.h: the instructions that are used.
_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
# linux/seccomp.h: what the program answers.
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_REFUSE = _ERRNO | errno.EPERM
_ABSENT = _ERRNO | errno.ENOSYS
#: The call does nothing and is said to have worked.
_IGNORE = _ERRNO
# The places in struct seccomp_data.
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16

_SET_FILTER, _ACTION_AVAILABLE, _ALL_THREADS = 1, 2, 1

_Step = tuple[int, int, int, int]

#: Flags of open: write access, create, truncate, a file without a name.
_WRITES = 0x3 | 0x40 | 0x200 | 0x400000
_THREAD = 0x10000
#: Flags of clone: a thread, and what would make another thing of it (namespaces, a tracer).
_CLONE = _THREAD | 0x2000 | 0x20000 | 0x7E000000
#: Memory that is shared and of no file is not counted by the limit for memory.
_SHARED_ANONYMOUS = 0x21
#: Of a terminal: its size and whether it is one; of any descriptor: how much there is to read,
#: whether it blocks, whether it is closed by exec.
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
#: Duplicate, flags, locks asked about, owner asked for, pipes' sizes; not owners, leases, signals.
_FCNTLS = (0, 1, 2, 3, 4, 5, 9, 36, 1030, 1031, 1032, 1034)
#: Names of threads and of memory; a look at capabilities and dumpability.
_PRCTLS = (3, 15, 16, 23, 0x53564D41)
_UNIX, _STREAM, _KIND_OF_SOCKET = 1, 1, 0xF


def is_available() -> bool:
    """Return whether this kernel takes a filter, for a machine whose calls are known here."""
    place = architecture()
    if place is None:
        return False
    action = ctypes.c_uint32(_REFUSE & 0xFFFF0000)
    return _seccomp(place, _ACTION_AVAILABLE, 0, ctypes.byref(action)) == 0


def put_on(*, serving: bool = False) -> None:
    """Filter the calls of this process, of all its threads, from now on.

    ``serving`` allows it to accept connections. The process must have given up new privileges.

    Raises:
        OSError: the kernel refused.

    """
    place = architecture()
    if place is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    code = program(place, os.getpid(), serving=serving)
    held = ctypes.create_string_buffer(code)
    given = _Program(len(code) // 8, ctypes.cast(held, ctypes.c_void_p))
    # More than 0 is the id of a thread that could not be filtered.
    if checked(_seccomp(place, _SET_FILTER, _ALL_THREADS, ctypes.byref(given))) != 0:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def _seccomp(place: int, operation: int, flags: int, given: object) -> int:
    number = NUMBERS["seccomp"][place] or 0
    return call(number, ctypes.c_uint(operation), ctypes.c_uint(flags), given)


def program(place: int, pid: int, *, serving: bool = False) -> bytes:
    """Return the filter for a process as the kernel takes it: eight bytes per instruction."""
    steps: list[_Step] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _CONVENTIONS[place]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if place == 0:
        steps += [(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL)]
    for name, asked in _asked_of_arguments(pid).items():
        steps += _for_call(NUMBERS[name][place], asked)
    for name in sorted(ALLOWED | (SERVING if serving else frozenset())):
        steps += _for_call(NUMBERS[name][place], [(_RETURN, 0, 0, _ALLOW)])
    for name in sorted(ANSWERED_ABSENT):
        steps += _for_call(NUMBERS[name][place], [(_RETURN, 0, 0, _ABSENT)])
    steps += [
        (_AT_LEAST, 0, 1, LAST_KNOWN + 1),
        (_RETURN, 0, 0, _ABSENT),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def _for_call(number: int | None, then: list[_Step]) -> Iterator[_Step]:
    """Give the steps for one call; ``then`` returns in each of its ways."""
    if number is not None:
        yield (_EQUAL, 0, len(then), number)
        yield from then


def _asked_of_arguments(pid: int) -> dict[str, list[_Step]]:
    return {
        "openat": _bits(2, _WRITES, 0),
        "open": _bits(1, _WRITES, 0),
        "mmap": [
            (_LOAD, 0, 0, _low(3)),
            (_AND, 0, 0, _SHARED_ANONYMOUS),
            (_EQUAL, 0, 1, _SHARED_ANONYMOUS),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        ],
        # A thread of this process, and no process.
        "clone": _bits(0, _CLONE, _THREAD),
        "ioctl": _one_of(1, _IOCTLS),
        "fcntl": _one_of(1, _FCNTLS),
        "prctl": _one_of(0, _PRCTLS),
        # Connected for good: another kind could be told an address with each message.
        "socketpair": [
            (_LOAD, 0, 0, _low(0)),
            (_EQUAL, 1, 0, _UNIX),
            (_RETURN, 0, 0, _REFUSE),
            *_bits(1, _KIND_OF_SOCKET, _STREAM),
        ],
        # To no address.
        "sendto": [
            (_LOAD, 0, 0, _low(4)),
            (_EQUAL, 1, 0, 0),
            (_RETURN, 0, 0, _REFUSE),
            (_LOAD, 0, 0, _low(4) + 4),
            *_compared((0,)),
        ],
        # Signals to itself alone.
        "kill": _one_of(0, (pid,)),
        "tgkill": _one_of(0, (pid,)),
        # Its own limits may be asked for, and not be set.
        "prlimit64": [
            (_LOAD, 0, 0, _low(2)),
            (_EQUAL, 1, 0, 0),
            (_RETURN, 0, 0, _REFUSE),
            (_LOAD, 0, 0, _low(2) + 4),
            (_EQUAL, 1, 0, 0),
            (_RETURN, 0, 0, _REFUSE),
            *_one_of(0, (0, pid)),
        ],
        # It could name any process; libraries that pin their threads go on without.
        "sched_setaffinity": [(_RETURN, 0, 0, _IGNORE)],
    }


def _low(argument: int) -> int:
    """Return the place of the lower half of an argument: what the kernel takes of an int."""
    return _ARGUMENTS + 8 * argument


def _bits(argument: int, mask: int, value: int) -> list[_Step]:
    return [(_LOAD, 0, 0, _low(argument)), (_AND, 0, 0, mask), *_compared((value,))]


def _one_of(argument: int, values: Iterable[int]) -> list[_Step]:
    return [(_LOAD, 0, 0, _low(argument)), *_compared(values)]


def _compared(values: Iterable[int]) -> Iterator[_Step]:
    for value in values:
        yield (_EQUAL, 0, 1, value)
        yield (_RETURN, 0, 0, _ALLOW)
    yield (_RETURN, 0, 0, _REFUSE)

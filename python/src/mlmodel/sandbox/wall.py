"""The wall around this process: what it holds, what it lacks on this system, how it is raised."""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from mlmodel._base.user_folders import home_of_user
from mlmodel.sandbox import landlock, limits, seccomp

__all__ = ["Wall", "WallError", "holds_something", "lacking", "raise_", "readable", "stands"]

#: What a library reads of the system: itself, time zones, the shape of the machine. Of /proc only
#: the process itself; ``/proc/<another>`` is not among it.
_SYSTEM = (
    *("/usr/lib", "/usr/lib64", "/usr/lib32", "/usr/local/lib", "/lib", "/lib64", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo", "/usr/share/locale"),
    *("/etc/timezone", "/etc/mime.types"),
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/self"),
    *("/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/random/boot_id"),
    *("/sys/devices", "/sys/bus/pci", "/sys/fs/cgroup"),
    *("/dev/null", "/dev/urandom", "/dev/random"),
)
#: The walls that were raised around this process and hold all of TRU-081.
_WHOLE: list[Wall] = []


class WallError(Exception):
    """The wall could not be raised; the text says why."""


@dataclass(frozen=True, slots=True)
class Wall:
    """What a wall is to let through.

    Attributes:
        read: files and folders that may be read, beside Python, its libraries and the system's.
        memory: bytes of data that the process may have.
        keep: descriptors that stay open, beside the three standard ones.
        serving: connections may be accepted at a socket that is there already.
        files: what the process writes to may be a file (its log).

    """

    read: tuple[str, ...]
    memory: int
    keep: tuple[int, ...] = ()
    serving: bool = False
    files: bool = False


def lacking() -> tuple[str, ...]:
    """Return what the wall does not hold on this system, each the rest of "it cannot …".

    Empty where it holds all of TRU-081. Nothing is raised for that.
    """
    if sys.platform != "linux":
        return ("keep a model from files, programs or connections, which takes Linux",)
    found = []
    if not landlock.version():
        found.append(
            "keep a model from reading other files, which takes Landlock (Linux 5.13 or newer, "
            "switched on, and allowed in this container)"
        )
    if not seccomp.is_available():
        found.append(
            "keep a model from writing files, starting programs and opening connections, which "
            "takes seccomp on x86_64 or aarch64"
        )
    return tuple(found)


def holds_something() -> bool:
    """Return whether this system offers a part of the wall at least."""
    return bool(landlock.version()) or seccomp.is_available()


def raise_(wall: Wall) -> None:
    """Raise the wall around this process, for good.

    It is raised while the process has one thread: Landlock binds the thread that asks for it and
    those that it starts. So it stands before any library is imported that starts some.

    Raises:
        WallError: there are other threads, or the kernel refused what it has.

    """
    if (found := limits.threads()) != 1:
        raise WallError(f"the process has {found} threads already")
    paths, whole = readable(wall.read), not lacking()
    if not holds_something():
        raise WallError("this system offers nothing for it")
    try:
        limits.close_others(wall.keep)
        limits.limit(wall.memory, files=wall.files)
        limits.give_up_privileges()
        if landlock.version():
            landlock.put_on(paths)
        if seccomp.is_available():
            seccomp.put_on(serving=wall.serving)
    except OSError as error:
        raise WallError(f"the kernel refused it ({error.strerror})") from error
    if whole:
        _WHOLE.append(wall)


def stands() -> bool:
    """Return whether the wall stands around this process, and holds all of TRU-081."""
    return bool(_WHOLE)


def readable(more: tuple[str, ...] = ()) -> list[str]:
    """Return the files and folders that a walled process may read."""
    own = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
    standard = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
    package = str(Path(__file__).parents[1])
    libraries = [path for path in (*own, *standard, package, *sys.path) if path]
    return [*_SYSTEM, *filter(_is_of_libraries, libraries), *more]


def _is_of_libraries(path: str) -> bool:
    """Return whether a place of Python's may be read: not where all else of the user is, too."""
    place, home = os.path.realpath(path), os.path.realpath(home_of_user() or "/")
    return path.startswith(os.sep) and place != "/" and not f"{home}/".startswith(f"{place}/")

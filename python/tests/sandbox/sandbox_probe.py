"""What a hostile model would try, once it runs: each attempt returns or raises OSError.

It runs behind the wall (as the entry of a ``Process``), and without it as the control.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_libc = ctypes.CDLL(None, use_errno=True)


def call(number: int, *given: int) -> int:
    """Make a system call by its number; raise OSError as Python does."""
    result = int(_libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, given)))
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def writes(folder: Path) -> None:
    (folder / "written").write_text("x")


def appends(folder: Path) -> None:
    with (folder / "there").open("a") as file:
        file.write("x")


def truncates(folder: Path) -> None:
    os.truncate(folder / "there", 0)


def unlinks(folder: Path) -> None:
    (folder / "there").unlink()


def renames(folder: Path) -> None:
    (folder / "there").rename(folder / "gone")


def links(folder: Path) -> None:
    (folder / "link").symlink_to("/")


def makes_a_folder(folder: Path) -> None:
    (folder / "new").mkdir()


def makes_a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def changes_the_mode(folder: Path) -> None:
    (folder / "there").chmod(0o777)


def changes_times(folder: Path) -> None:
    os.utime(folder / "there", (0, 0))


def sets_an_attribute(folder: Path) -> None:
    os.setxattr(folder / "there", "user.x", b"x")


def writes_shared_memory(_folder: Path) -> None:
    name = Path("/dev/shm", f"mlmodel-probe-{os.getpid()}")
    name.write_text("x")
    name.unlink()


def reads_secrets(folder: Path) -> None:
    (folder.parent / "home" / ".ssh" / "id").read_text()


def reads_secrets_through_proc(folder: Path) -> None:
    Path(f"/proc/self/root{folder.parent}/home/.ssh/id").read_text()


def lists_the_home(folder: Path) -> None:
    os.listdir(folder.parent / "home")


def reads_the_users(_folder: Path) -> None:
    Path("/etc/passwd").read_text()


def reads_the_parents_memory(_folder: Path) -> None:
    Path(f"/proc/{os.getppid()}/mem").open("rb").close()


def reads_the_parents_variables(_folder: Path) -> None:
    Path(f"/proc/{os.getppid()}/environ").read_bytes()


def starts_a_program(_folder: Path) -> None:
    subprocess.run(["/bin/true"], check=True)


def spawns_a_program(_folder: Path) -> None:
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)


def uses_a_shell(folder: Path) -> None:
    os.system(f"touch {folder / 'touched'}")
    if not (folder / "touched").exists():
        raise OSError


def becomes_a_program(_folder: Path) -> None:
    os.execv("/bin/true", ["true"])


def forks(_folder: Path) -> None:
    if os.fork() == 0:
        os._exit(0)


def connects(_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def asks_a_name_server(_folder: Path) -> None:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()


def listens(_folder: Path) -> None:
    socket.create_server(("127.0.0.1", 0)).close()


def binds_an_abstract_socket(_folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("\0mlmodel-probe")


def binds_a_named_socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(folder / "socket"))


def sends_a_datagram(folder: Path) -> None:
    one, _other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.sendto(b"out", str(folder.parent / "listening"))


def sends_a_message(folder: Path) -> None:
    one, _other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.sendmsg([b"out"], [], 0, str(folder.parent / "listening"))


def talks_to_the_kernel(_folder: Path) -> None:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()


def signals_its_parent(_folder: Path) -> None:
    os.kill(os.getppid(), 0)


def signals_its_group(_folder: Path) -> None:
    os.killpg(0, 0)


def signals_through_a_descriptor(_folder: Path) -> None:
    signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 0)


def makes_memory_a_file(_folder: Path) -> None:
    os.close(os.memfd_create("probe"))


def shares_memory(_folder: Path) -> None:
    mmap.mmap(-1, 4096).close()


def raises_its_limits(_folder: Path) -> None:
    import resource

    try:
        resource.setrlimit(resource.RLIMIT_CORE, resource.getrlimit(resource.RLIMIT_CORE))
    except ValueError as error:  # what Python makes of EPERM here
        raise OSError from error


def owns_signals_of_a_pipe(_folder: Path) -> None:
    import fcntl

    fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, os.getpid())


def takes_a_namespace(_folder: Path) -> None:
    _libc.unshare.restype = ctypes.c_int
    if _libc.unshare(0x20000000 | 0x10000000) == -1:
        raise OSError(ctypes.get_errno(), "unshare")


def in_a_thread(folder: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pool.submit(writes, folder).result()


ATTEMPTS: dict[str, Callable[[Path], None]] = {
    one.__name__: one
    for one in (
        *(writes, appends, truncates, unlinks, renames, links, makes_a_folder, makes_a_pipe),
        *(changes_the_mode, changes_times, sets_an_attribute, writes_shared_memory),
        *(reads_secrets, reads_secrets_through_proc, lists_the_home, reads_the_users),
        *(reads_the_parents_memory, reads_the_parents_variables),
        *(starts_a_program, spawns_a_program, uses_a_shell, becomes_a_program, forks),
        *(connects, asks_a_name_server, listens, binds_an_abstract_socket, binds_a_named_socket),
        *(
            sends_a_datagram,
            sends_a_message,
            talks_to_the_kernel,
            signals_its_parent,
            signals_its_group,
            in_a_thread,
        ),
        *(signals_through_a_descriptor, makes_memory_a_file, shares_memory, raises_its_limits),
        *(owns_signals_of_a_pipe, takes_a_namespace),
    )
}


def attempt(name: str, folder: str) -> str:
    """Return "done", or "refused"."""
    try:
        ATTEMPTS[name](Path(folder))
    except OSError:
        return "refused"
    return "done"


def calls_not_refused(numbers: list[int]) -> list[int]:
    """Return the system calls that were not refused; they are asked for with zeros."""
    import errno

    through = []
    for number in numbers:
        try:
            call(number, 0, 0, 0, 0, 0, 0)
        except OSError as error:
            if error.errno in {errno.EPERM, errno.ENOSYS}:
                continue
        through.append(number)
    return through


def calls_as_x32() -> None:
    call(0x40000000 | 39)


def calls_as_i386() -> None:
    """Call getpid as a program of 32 bits does: mov eax, 20; int 0x80; ret."""
    page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)
    page.write(b"\xb8\x14\0\0\0\xcd\x80\xc3")
    place = ctypes.addressof(ctypes.c_char.from_buffer(page))
    ctypes.CFUNCTYPE(ctypes.c_int)(place)()


def sends_garbage(what: str) -> None:
    """Answer over the head of the conversation: what is not a frame, or a claim without end."""
    garbage = {
        "noise": b"\xff" * 64,
        "endless": (2**63).to_bytes(8, "big") + bytes(4),
        "many": bytes(8) + b"\xff\xff\xff\xff",
        "text": (4).to_bytes(8, "big") + bytes(4) + b"{{{{",
        "nothing": (4).to_bytes(8, "big") + bytes(4) + b"null",
        "nested": (200_000).to_bytes(8, "big") + bytes(4) + b"[" * 200_000,
        "pickle": (60).to_bytes(8, "big") + bytes(4) + b"cos\nsystem\n(S'true'\ntR.".ljust(60),
    }[what]
    for number in range(3, 10):
        try:
            os.write(number, garbage)
        except OSError:
            continue


def facts() -> dict[str, Any]:
    """Return what this process has."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return {
        "variables": sorted(os.environ),
        "descriptors": len(os.listdir("/proc/self/fd")) - 1,
        "privileges": fields["NoNewPrivs"],
        "capabilities": fields["CapEff"],
        "filter": fields["Seccomp"],
        "modules": [name for name in ("numpy", "pandas") if name in sys.modules],
    }


def imports(name: str) -> str:
    """Import a module; return its name."""
    import importlib

    return importlib.import_module(name).__name__


def answerer() -> Callable[..., tuple[Any, list[Any]]]:
    """Return what answers behind the wall: the functions of this file, by name."""

    def answer(name: str, *given: Any) -> tuple[Any, list[Any]]:
        return globals()[name](*given), []

    return answer


def unchecked() -> Callable[..., tuple[Any, list[Any]]]:
    """Return what loads models with the static check switched off: the wall stands alone."""
    import pickle

    from mlmodel.pyfunc.behind import Behind
    from mlmodel.trust.gate import Gate

    def load_anything(_gate: Gate, path: Path, **_options: Any) -> Any:
        return pickle.loads(path.read_bytes())

    Gate.load_pickle = load_anything  # type: ignore[method-assign]
    return Behind()


if __name__ == "__main__":
    sys.stdout.write(attempt(*sys.argv[1:]) + "\n")

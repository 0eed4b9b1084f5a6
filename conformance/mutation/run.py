"""Break the reference on purpose, one break at a time, and tell which the vectors notice.

``python -m conformance.mutation.run`` from the top of the repository (``make mutation``). The
breaks are applied in a copy of the source. Each is tried in a process forked from one that has the
libraries loaded already; it answers the cases that cite the broken rule first, then those that
cite another rule of its page, and ends with the first case that is not as expected.
"""

from __future__ import annotations

import argparse
import compileall
import importlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.mutation.breaks import SOURCE, Break, broken_text, read_breaks
from conformance.runner.cases import read_vectors
from conformance.runner.compare import differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.runner.cases import Case

__all__ = ["Outcome", "cases_for", "faults", "main", "try_break"]

#: What the reference imports on the way: loaded once, for all forks.
_LIBRARIES = (
    *("yaml", "jsonschema", "referencing", "packaging.requirements", "numpy", "pandas", "orjson"),
    *("pyarrow", "pyarrow.parquet", "google.protobuf.json_format", "flask", "cloudpickle"),
)
#: What is imported anew from the copy.
_OURS = ("mlmodel", "conformance.harnesses")
#: A break that makes the implementation take longer than this for its cases has been noticed.
_SECONDS = 60
#: And one that only waits, longer than this by the clock.
_LONGEST = 1200
#: How many of the breaks the vectors notice at least.
_LEAST = 0.95


@dataclass(frozen=True)
class Outcome:
    """What came of a break: ``noticed`` by a case, ``survived``, or ``useless`` (it cannot run)."""

    kind: str
    by: str = ""


def cases_for(rule: str, cases: Sequence[Case]) -> list[Case]:
    """Return the cases that may notice a break of a rule: those that cite it, then its page's."""
    concerned = [one for one in cases if any(r.startswith(rule[:4]) for r in one.rules)]
    return sorted(concerned, key=lambda one: rule not in one.rules)


def try_break(one: Break, cases: Sequence[Case], copy: Path) -> Outcome:
    """Apply a break in the copy of the source, answer the cases there, and take it back."""
    file = copy / "mlmodel" / one.file
    whole, before = file.read_bytes(), file.stat()
    file.write_text(broken_text(one), encoding="utf-8")
    try:
        return _in_a_fork(one, cases_for(one.rule, cases), copy)
    finally:
        file.write_bytes(whole)
        # So that what it was compiled to counts again.
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def _in_a_fork(one: Break, cases: Sequence[Case], copy: Path) -> Outcome:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        # Of the processor, not of the clock: a machine may be busy.
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS + 10))
        signal.alarm(_LONGEST)
        with suppress(BaseException):
            os.write(writing, json.dumps(_answered(one, cases, copy)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if told:
        return Outcome(*json.loads(told))
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return Outcome("noticed", f"no end within {_SECONDS} seconds of processor time")
    return Outcome("noticed", "the process died")


def _answered(one: Break, cases: Sequence[Case], copy: Path) -> tuple[str, str]:
    """Return the kind of outcome, and the case that noticed or why the break cannot run."""
    for name in [one for one in sys.modules if one.startswith(_OURS)]:
        del sys.modules[name]  # what this process was forked from may have the unbroken ones
    sys.path.insert(0, str(copy))
    sys.dont_write_bytecode = True
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            name = one.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            if one.file.endswith(".py"):
                importlib.import_module(f"mlmodel.{name}")
            from conformance.harnesses.python import run
        except BaseException:  # noqa: BLE001 - whatever it is, nothing was asked
            return "useless", traceback.format_exc(limit=-1)
        for case in cases:
            if _is_noticed(run, case):
                return "noticed", case.id
    return "survived", ""


def _is_noticed(run: Any, case: Case) -> bool:
    try:
        result = json.loads(json.dumps(run(case.operation, json.loads(json.dumps(case.input)))))
    except Exception:  # noqa: BLE001 - an adapter that raises fails its case
        return True
    return bool(differences(case.expected, result))


def _outcomes(breaks: Sequence[Break]) -> Iterator[tuple[Break, Outcome]]:
    for one in breaks:
        broken_text(one)
    for library in _LIBRARIES:
        importlib.import_module(library)
    cases = read_vectors().cases
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary)
        shutil.copytree(SOURCE, copy / "mlmodel")
        # Once here, and not in every fork; a broken file is newer, and compiled there.
        compileall.compile_dir(copy / "mlmodel", quiet=2)
        for one in breaks:
            yield one, try_break(one, cases, copy)


def faults(found: Sequence[tuple[Break, Outcome]]) -> list[str]:
    """Return what must be mended: survivors without a reason, reasons without a survivor."""
    told = []
    for one, outcome in found:
        if outcome.kind == "useless":
            told.append(f"cannot run: {one}\n{outcome.by}")
        elif outcome.kind == "survived" and not one.survives:
            told.append(f"no vector notices: {one}")
        elif outcome.kind == "noticed" and one.survives:
            told.append(f"is noticed by {outcome.by}, take its 'survives' away: {one}")
    return told


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the breaks, print what came of them; 1 where one survives without a reason."""
    parser = argparse.ArgumentParser(description="Which deliberate breaks do the vectors notice?")
    parser.add_argument(
        "rules", nargs="*", help="ids or beginnings of ids (all, where none is given)"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="print what noticed each")
    options = parser.parse_args(arguments)
    wanted = tuple(options.rules) or ("",)
    found = []
    for one, outcome in _outcomes([one for one in read_breaks() if one.rule.startswith(wanted)]):
        found.append((one, outcome))
        if options.verbose:
            sys.stdout.write(f"{outcome.kind} {outcome.by.splitlines()[-1:]}: {one}\n")
            sys.stdout.flush()
    return _report(found)


def _report(found: Sequence[tuple[Break, Outcome]]) -> int:
    pages = Counter(one.page for one, _ in found)
    noticed = Counter(one.page for one, outcome in found if outcome.kind == "noticed")
    for page, number in pages.items():
        sys.stdout.write(f"{page:<20} {noticed[page]:>4} of {number}\n")
    survivors = [one for one, outcome in found if outcome.kind == "survived" and one.survives]
    for one in survivors:
        sys.stdout.write(f"survives: {one}: {one.survives}\n")
    wrong = faults(found)
    sys.stdout.writelines(f"{fault}\n" for fault in wrong)
    total = noticed.total()
    share = total / len(found) if found else 1.0
    sys.stdout.write(f"{total} of {len(found)} breaks are noticed by the vectors ({share:.1%})\n")
    return int(bool(wrong) or share < _LEAST)


if __name__ == "__main__":
    sys.exit(main())

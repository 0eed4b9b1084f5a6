"""Static look at the bytes of a pickle, joblib or npy file: what it would use (TRU-010)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.trust.pickles.budget import Budget, Spent
from mlmodel.trust.pickles.containers import RefusedContainer, detect, expand, read_npy_header
from mlmodel.trust.pickles.explain import explained
from mlmodel.trust.pickles.findings import Finding, Malformed, Scan
from mlmodel.trust.pickles.machine import Machine
from mlmodel.trust.pickles.names import Names
from mlmodel.trust.pickles.opcodes import OPCODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Scan", "scan"]


def scan(
    data: bytes,
    container: str = "auto",
    *,
    allow: Iterable[str] = (),
    aliases: Mapping[tuple[str, str], object] | None = None,
    budget: Budget | None = None,
) -> Scan:
    """Look at the bytes of a model file and run nothing.

    Args:
        data: the whole file.
        container: ``auto`` (by the first bytes), ``pickle``, ``joblib`` or ``npy``.
        allow: classes that the user allowed, ``package.module.Class``.
        aliases: names that the loader replaces by objects of its own.
        budget: what the model may cost that the file is of; without one it is one by itself.

    """
    names = Names(allow, aliases)
    kind = detect(data) if container in {"auto", "joblib"} else container
    findings: list[Finding] = []
    seen: dict[str, None] = {}
    recording, damage = None, ""
    budget = budget if budget is not None else Budget()
    try:
        budget.store(len(data))
        data = _unpacked(data, kind, budget)
        machine = Machine(
            data,
            OPCODES,
            names,
            findings,
            seen,
            start=_start(data, kind),
            budget=budget,
        )
        if kind != "npy" or read_npy_header(data).has_objects:
            recording = machine.run()
            if recording.end != len(data):
                machine.refuse("", "more bytes follow its end")
    except RefusedContainer as error:
        findings.append(Finding("", str(error)))
    except Spent as error:
        findings.append(Finding("", str(error)))
    except Malformed as error:
        damage = str(error)
    except (RecursionError, MemoryError):
        findings.append(
            Finding("", "it is nested deeper, or larger, than its size warrants (TRU-059)")
        )
    if kind == "pickle" and recording is not None and recording.arrays:
        kind = "joblib"
    if findings:
        findings = explained(findings, recording.value if recording is not None else None)
    return Scan(kind, tuple(seen), tuple(findings), damage, data, recording)


def _unpacked(data: bytes, kind: str, budget: Budget) -> bytes:
    if kind in {"pickle", "npy"}:
        return data
    if kind == "zip":
        raise RefusedContainer("it is a zip archive, not a pickle")
    if kind == "lz4":
        raise RefusedContainer("it is compressed by lz4, which mlmodel cannot open")
    if kind == "old joblib":
        raise RefusedContainer(
            "it is of a joblib older than 0.10, which kept its arrays in files of their own; "
            "load it with joblib and save it again"
        )
    inner = expand(data, kind, budget=budget)
    if detect(inner) != "pickle":
        raise RefusedContainer("something else than a pickle is compressed in it")
    return inner


def _start(data: bytes, kind: str) -> int:
    return read_npy_header(data).start if kind == "npy" else 0

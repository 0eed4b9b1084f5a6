"""Static look at the bytes of a pickle, joblib or npy file: what it would use (TRU-010)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlmodel.trust.containers import RefusedContainer, detect, expand, read_npy_header
from mlmodel.trust.findings import Finding, Malformed, Recording
from mlmodel.trust.machine import Machine
from mlmodel.trust.names import Names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Scan", "scan"]


@dataclass(frozen=True, slots=True)
class Scan:
    """What a static look found.

    ``container``: ``pickle``, ``joblib``, ``npy``, or the compression around it (``zlib``, ...).
    ``names``: every name that would be looked up, in order of appearance. ``findings``: what is
    not allowed. ``damage``: why the file is no whole pickle (empty: it is one). Nothing of
    the file was run, and no library imported.
    """

    container: str
    names: tuple[str, ...]
    findings: tuple[Finding, ...]
    damage: str = ""
    data: bytes = field(default=b"", repr=False, compare=False)
    recording: Recording | None = field(default=None, repr=False, compare=False)

    @property
    def allowed(self) -> bool:
        """Whether the file may be loaded without trust."""
        return not self.findings and not self.damage

    @property
    def refused(self) -> tuple[str, ...]:
        """The names that are refused, each once, in order of appearance."""
        return tuple(dict.fromkeys(finding.name for finding in self.findings if finding.name))

    @property
    def reasons(self) -> tuple[str, ...]:
        """One line per finding, as errors show it."""
        lines = [f"{one.name}: {one.reason}" if one.name else one.reason for one in self.findings]
        return (*lines, *([self.damage] if self.damage else []))


def scan(
    data: bytes,
    container: str = "auto",
    *,
    allow: Iterable[str] = (),
    aliases: Mapping[tuple[str, str], object] | None = None,
) -> Scan:
    """Look at the bytes of a model file and run nothing.

    Args:
        data: the whole file.
        container: ``auto`` (by the first bytes), ``pickle``, ``joblib`` or ``npy``.
        allow: classes that the user allowed, ``package.module.Class``.
        aliases: names that the loader replaces by objects of its own.

    """
    names = Names(allow, aliases)
    kind = detect(data) if container in {"auto", "joblib"} else container
    findings: list[Finding] = []
    seen: dict[str, None] = {}
    recording, damage = None, ""
    try:
        data = _unpacked(data, kind)
        machine = Machine(data, names, findings, seen, start=_start(data, kind))
        if kind != "npy" or read_npy_header(data).has_objects:
            recording = machine.run()
            if recording.end != len(data):
                machine.refuse("", "more bytes follow its end")
    except RefusedContainer as error:
        findings.append(Finding("", str(error)))
    except Malformed as error:
        damage = str(error)
    if kind == "pickle" and recording is not None and len(recording.pieces) > 1:
        kind = "joblib"
    return Scan(kind, tuple(seen), tuple(findings), damage, data, recording)


def _unpacked(data: bytes, kind: str) -> bytes:
    if kind in {"pickle", "npy"}:
        return data
    if kind == "zip":
        raise RefusedContainer("it is a zip archive, not a pickle")
    if kind == "lz4":
        raise RefusedContainer("it is compressed by lz4, which is not opened here")
    if kind == "old joblib":
        raise RefusedContainer(
            "it is of a joblib older than 0.10, which kept its arrays in files of their own; "
            "load it with joblib and save it again"
        )
    inner = expand(data, kind)
    if detect(inner) != "pickle":
        raise RefusedContainer("something else than a pickle is compressed in it")
    return inner


def _start(data: bytes, kind: str) -> int:
    return read_npy_header(data).start if kind == "npy" else 0

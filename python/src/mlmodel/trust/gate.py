"""The one gate through which everything that could run must pass (TRU-001 to TRU-005)."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel._base.digest import Manifest, manifest_of, stamp_of, steady
from mlmodel._base.user_folders import written_by_others
from mlmodel._base.warnings import warn_caller
from mlmodel.document.stand_ins import HEAD, stand_in
from mlmodel.errors import (
    InvalidArgument,
    InvalidModel,
    MlmodelError,
    ModelNotFound,
    UnreadableModel,
    UntrustedModel,
    Violation,
)
from mlmodel.errors import shown as shown_value
from mlmodel.trust import records
from mlmodel.trust.believed import Believed
from mlmodel.trust.pickles.budget import Budget
from mlmodel.trust.pickles.names import ALLOWED_CLASS, Names
from mlmodel.trust.pickles.own import OwnCode
from mlmodel.trust.pickles.scanner import scan
from mlmodel.trust.refusals import Refusals, has_classes, unused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["Gate"]

#: Why a folder is not trusted whose files are not those that were read.
_MOVED = "The folder was changed while it was being read, so its digest vouches for other files"


@dataclass(slots=True)
class Gate:
    """The policy for one model folder.

    ``trust``: the caller vouches for everything in it. ``allow``: exact names of installed
    classes (``package.module.Class``) that its pickles may use besides the list.
    """

    root: Path
    trust: bool = False
    allow: frozenset[str] = frozenset()
    digest: str = ""
    #: The SHA-256 of files that were read before, such as the MLmodel file, by their paths.
    known: dict[str, str] = field(default_factory=dict)
    #: What its pickles find of the model's own code, where they are trusted.
    own: OwnCode = field(default_factory=OwnCode)
    #: What its files may cost together.
    budget: Budget = field(default_factory=Budget, repr=False)
    _manifest: Manifest | None = field(default=None, repr=False)
    _stored: bool | None = field(default=None, repr=False)
    #: The names that the files have which were looked into.
    _seen: set[str] = field(default_factory=set, repr=False)
    #: Why the folder cannot be trusted by its digest, where it cannot.
    _why_not: str = field(default="", repr=False)
    #: What the file system said of the folder when it was loaded in trust.
    _stamp: bytes = field(default=b"", repr=False)
    _warned: bool = field(default=False, repr=False)

    @classmethod
    def for_folder(
        cls,
        root: Path,
        *,
        trust: bool = False,
        allow: Iterable[str] = (),
        digest: str = "",
        known: Mapping[str, str] | None = None,
    ) -> Gate:
        """Return the gate of a model folder; nothing is read before it is needed.

        ``digest`` is that of a folder in which the caller trusts, beside those of the user's store.
        ``known`` has the SHA-256 of files that were read already: no digest vouches for others.

        Raises:
            InvalidArgument: ``trust`` is neither True nor False, or a name is not a text.

        """
        if not isinstance(trust, bool):
            raise InvalidArgument(
                f"trust is True or False, not {shown_value(trust)}; names of classes go to "
                "allow=[…] (TRU-046)"
            )
        names = [allow] if isinstance(allow, str) else list(allow)
        if not all(isinstance(name, str) for name in names):
            raise InvalidArgument("allow is a list of names of classes ('package.module.Class')")
        return cls(root, trust, frozenset(names), digest, dict(known or {}))

    def is_trusted(self) -> bool:
        """Return whether everything in the folder may run.

        It may when the caller says so, or when the folder is, byte for byte, one that the
        user's store holds. The folder's digest is computed once.
        """
        if self.trust:
            return True
        if self._stored is None:
            try:
                self._manifest = manifest_of(self.root)
                found = self._manifest.digest
                self._stored = found == self.digest or records.contains(found)
                if self._stored and not self.known.items() <= self._manifest.files.items():
                    self._stored = False
                    self._why_not = f"{_MOVED} (TRU-065)."
            except MlmodelError as error:
                self._stored = False
                self._why_not = " ".join(one.message for one in error.details) or error.message
        return self._stored

    def manifest(self) -> Manifest | None:
        """Return the files of a folder that is trusted by its digest, with their SHA-256.

        None where it is not, and where the caller trusts it as it is.
        """
        return self._manifest if self._stored and not self.trust else None

    def changed(self, file: str) -> UntrustedModel:
        """Return the error for a file that is not the one by which the folder is trusted."""
        return UntrustedModel(
            f"{file} is not what it was when the digest was taken by which this folder is "
            "trusted. Nothing of it was run. See to it that nobody writes there, and load the "
            "model again (TRU-065).",
            [Violation("TRU-065", "changed while the model was loaded", file=file)],
        )

    def require_trust(self, what: str, file: str | None = None) -> None:
        """Go on only in a trusted folder.

        Args:
            what: what would run, as the middle of a sentence ("the model's own code in code/").
            file: the file that it is in, relative to the folder.

        Raises:
            UntrustedModel: it is not trusted; nothing was run.

        """
        if self.is_trusted():
            self._warn_of_others()
        else:
            raise self._refusal(what, [Violation("TRU-001", what, file=file)], by_name=False)

    def _warn_of_others(self) -> None:
        """Warn where others may write in a folder whose files may run (TRU-066)."""
        if self.trust or self._warned:
            return
        self._warned = True
        try:
            place = written_by_others(self.root)
        except UnreadableModel as error:  # more than are looked at
            warn_caller(error.message)
            return
        if place is not None:
            warn_caller(
                f"{place} may be written by other users, and the model in {self.root} is trusted. "
                "Its code and pickles are those that the digest vouches for; other files "
                "that its code opens could be replaced. Keep it where nobody else may write "
                "(chmod go-w; TRU-066)."
            )

    def keep_watch(self) -> None:
        """Remember how the folder is that is being loaded, if it is the caller who trusts it."""
        if self.trust:
            with suppress(OSError):
                self._stamp = stamp_of(self.root)

    def digest_to_hand_on(self) -> str:
        """Return the digest by which a copy of the loaded model is trusted; empty for none.

        It is that of what was loaded: of a folder that was touched since there is none (TRU-047).
        """
        if not self.trust:
            return self.digest
        if not self._stamp:
            return ""
        with suppress(OSError, MlmodelError):
            with steady(self.root, self._stamp):
                found = manifest_of(self.root)
            if self.known.items() <= found.files.items():
                return found.digest
        return ""

    def warn_of_unused(self) -> None:
        """Warn of allowed names that no file of the loaded model has (TRU-046)."""
        if self.trust or self._stored:
            return
        left = sorted(self.allow - self._seen)
        if left:
            warn_caller(f"{unused(left, self._seen)} (TRU-046)")

    def require_trust_in(self, file: str, reasons: Iterable[str], names: Iterable[str]) -> None:
        """Go on only in a trusted folder, since a file was found to hold more than data.

        Args:
            file: the file, relative to the folder.
            reasons: what was found, each the part of a sentence.
            names: those of it that can be allowed: classes, ``package.module.Class``.

        Raises:
            UntrustedModel: it is not trusted; nothing was run.

        """
        names = list(names)
        self._note(names)
        if self.is_trusted():
            self._warn_of_others()
            return
        details = [Violation("TRU-001", reason, file=file) for reason in reasons]
        what = f"{file} holds more than data: {details[0].message}"
        raise self._refusal(what, details, by_name=bool(names), classes=bool(names))

    def allowed_classes(self, names: Iterable[str]) -> dict[str, Any]:
        """Return installed classes that the caller allowed by these names (TRU-016).

        Raises:
            MissingDependency: one is not installed.
            UntrustedModel: what is found under the name is no such class.

        """
        from mlmodel.trust.pickles.unpickle import resolve

        known, found = Names(self.allow, root=self.root), {}
        for name in names:
            module, _, own = name.rpartition(".")
            found[name] = resolve((module, own), ALLOWED_CLASS.uses, known)
        self._note(found)
        return found

    def read(self, path: Path, *, archive: bool = False) -> bytes:
        """Return the bytes of a model file in a form that holds no code.

        ``archive`` says that it may be a zip archive, whatever its name.

        Raises:
            ModelNotFound: there is no such file.
            UnreadableModel: it cannot be read, is not a regular file, or larger than the machine's
                memory (TRU-007).

        """
        return self._read(path, archive=archive)

    def read_to_run(self, path: Path, most: int | None = None, *, archive: bool = False) -> bytes:
        """Return the bytes, at most ``most``, of a file by which code of the model runs.

        Raises:
            ModelNotFound, UnreadableModel: as :meth:`read`.
            UntrustedModel: it is not the file that the folder's digest vouches for (TRU-065).

        """
        data = self._read(path, most=most, archive=archive)
        file = self._relative(path)
        sha = hashlib.sha256(data).hexdigest()
        manifest = self.manifest()
        if manifest is None:  # a digest that is taken later must have it
            self.known[file] = sha
        elif manifest.files.get(file) != sha:
            raise self.changed(file)
        return data

    def _read(self, path: Path, *, most: int | None = None, archive: bool = False) -> bytes:
        """Return a file's bytes, unless something else stands in its place (DIR-009).

        ``archive`` says that it is a zip archive, whatever its name.
        """
        file = self._relative(path)
        try:
            data = files.read(path, most, within=self.root)
        except FileNotFoundError:
            raise ModelNotFound(f"The model has no file {file}.") from None
        except OSError as error:
            what = "it is a folder" if path.is_dir() else error.strerror
            raise UnreadableModel(f"{file} could not be read: {what}.") from error
        instead = stand_in(file, data[:HEAD], len(data))
        if instead is None or (archive and instead.archive == "zip"):
            return data
        raise InvalidModel.of_file(file, "DIR-009", f"{instead.what}; {instead.todo}")

    def load_pickle(
        self, path: Path, *, aliases: dict[tuple[str, str], object] | None = None
    ) -> Any:
        """Load a pickle, joblib or npy file (known by its first bytes).

        Without trust, only when the static check allows it, and then through an unpickler
        that is restricted to what the check saw.

        Args:
            path: the file.
            aliases: (module, name) that the pickle says -> the object to take for it.

        Raises:
            InvalidModel: the file is damaged, or its objects cannot be rebuilt.
            MissingDependency: a library that it needs is not installed.
            ModelNotFound: there is no such file.
            UnreadableModel: it cannot be read.
            UntrustedModel: it uses what is not allowed without trust; nothing was run.

        """
        from mlmodel.trust.pickles import unpickle

        aliases = aliases or {}
        file = self._relative(path)
        data = self._read(path)
        if self.trust:
            return unpickle.load_trusted(data, aliases, file, self.own)
        # The names in a file need no look where the folder is known to be trusted.
        if self._stored and self._holds(file, data):
            return unpickle.load_trusted(data, aliases, file, self.own)
        found = scan(data, allow=self.allow, aliases=aliases, budget=self.budget)
        self._note(found.names)
        if found.allowed:
            known = Names(self.allow, aliases, self.root)
            believed = Believed(file, self.allow, self.budget)
            loaded = unpickle.load_restricted(found, known, file, believed.stand_ins())
            believed.require(found, loaded)
            return loaded
        if self._holds(file, data):
            return unpickle.load_trusted(data, aliases, file, self.own)
        if found.damage and not found.findings:
            raise InvalidModel(
                f"{file} is not a whole {found.container} file: {found.damage}.",
                [Violation("TRU-015", found.damage, file=file)],
            )
        raise self._refusal(
            f"{file}, which uses what is not on the list of harmless names",
            [Violation("TRU-010", reason, file=file) for reason in found.reasons],
            by_name=bool(found.refused),
            classes=has_classes(found.refused),
        )

    def load_skops(self, path: Path) -> Any:
        """Load a skops file, with our own list of types and never the model's.

        Raises:
            InvalidModel: the file is damaged, or its objects cannot be rebuilt.
            MissingDependency: skops or a library that it needs is not installed.
            ModelNotFound: there is no such file.
            UnreadableModel: it cannot be read.
            UntrustedModel: it uses types that are not allowed without trust; nothing was run.

        """
        from mlmodel.trust import skops_file
        from mlmodel.trust.pickles import unpickle

        file = self._relative(path)
        data = self._read(path, archive=True)
        found = skops_file.check(data, allow=self.allow, budget=self.budget)
        self._note(found.names)
        trusted, believed = False, Believed(file, self.allow, self.budget)
        if found.damage:
            raise InvalidModel(
                f"{file} is not a whole skops file: {found.damage}.",
                [Violation("TRU-041", found.damage, file=file)],
            )
        if found.findings:
            trusted = self.trust or self._holds(file, data)
            if not trusted:
                raise self._refusal(
                    f"{file}, which uses what is not on the list of harmless names",
                    [Violation("TRU-040", reason, file=file) for reason in found.reasons],
                    by_name=bool(found.refused),
                    classes=has_classes(found.refused),
                )
        if not trusted:
            self._require_classes(found.names)
            found = believed.in_skops(found, data)
        loaded = unpickle.guarded(lambda: skops_file.load(found, trusted=trusted), file)
        if not trusted:
            believed.require(found, loaded)
        return loaded

    def _require_classes(self, names: Iterable[str]) -> None:
        """Go on only where what the user allowed is an installed class (TRU-016)."""
        from mlmodel.trust.pickles.unpickle import resolve

        known = Names(self.allow, root=self.root)
        for name in names:
            module, _, own = name.rpartition(".")
            if known.is_allowed(module, own):
                resolve((module, own), ALLOWED_CLASS.uses, known)

    def _note(self, names: Iterable[str]) -> None:
        self._seen.update(names)

    def _relative(self, path: Path) -> str:
        try:
            return path.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            return path.name

    def _holds(self, file: str, data: bytes) -> bool:
        """Return whether these very bytes are what the trusted folder has under this name."""
        if self.trust:
            return True
        if not self.is_trusted() or self._manifest is None:
            return False
        return self._manifest.files.get(file) == hashlib.sha256(data).hexdigest()

    def _refusal(
        self, what: str, details: list[Violation], *, by_name: bool, classes: bool = False
    ) -> UntrustedModel:
        self.is_trusted()
        past = (
            records.changed_since(self.root, self._manifest) if self._manifest is not None else ""
        )
        known = Refusals(self.root, self.allow, self._seen, self._why_not, past)
        return known.error(what, details, by_name=by_name, classes=classes)

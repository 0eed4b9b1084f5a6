"""Survey what attributes the listed classes have: ``src/mlmodel/trust/shapes.tsv`` (TRU-051).

Run in the locked development environment: ``python tools/trust_shapes.py [--check]``. Nothing of
a library is imported: its source is read (``survey``), so that the sources of several versions
can be surveyed one after the other and united (``unite``). For each listed class and its bases
the table says which attributes their own source assigns to an object. What an attribute may
hold, where the library does more with it than to compute, is written by hand in
``tools/trust_uses.tsv``: one line for each use that ``uses`` finds, and no other.
"""

from __future__ import annotations

import argparse
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from trust_found_uses import Uses
from trust_sources import Place, Row, Rows, Sources, closure, survey

if TYPE_CHECKING:
    from collections.abc import Iterable

TOOLS = Path(__file__).resolve().parent
PACKAGE = TOOLS.parent / "src/mlmodel/trust"
TARGET = PACKAGE / "shapes.tsv"
LISTED = PACKAGE / "allowed.tsv"
USES = TOOLS / "trust_uses.tsv"

# The table ---------------------------------------------------------------------------------------

#: What is assigned elsewhere than by the class's own source, or by source that is compiled.
EXTRA: dict[Place, str] = {
    # By functions that are given the estimator (sklearn.utils).
    (
        "sklearn.base",
        "BaseEstimator",
    ): "classes_ feature_names_in_ n_features_in_ _metadata_request",
    ("sklearn.linear_model._stochastic_gradient", "BaseSGD"): "coef_ intercept_",
    # By ``collections.UserList``.
    ("sklearn.compose._column_transformer", "_RemainderColsList"): "data",
    # By the modules that make the distributions.
    ("scipy.stats._distn_infrastructure", "rv_generic"): "_support",
    ("sklearn.cluster._bisect_k_means", "_BisectingTree"): "label",
    ("sklearn.utils._metadata_requests", "MetadataRequest"): """
        decision_function fit inverse_transform partial_fit predict predict_log_proba predict_proba
        score split transform
    """,
    ("sklearn.tree._tree", "Tree"): "max_depth node_count nodes values",
    # pandas' own methods set these by names that they keep in lists.
    ("pandas.core.generic", "NDFrame"): "_data _flags _metadata _mgr _typ attrs",
    ("pandas.core.series", "Series"): "_name name",
    ("pandas.core.internals.managers", "BlockManager"): "0.14.1",
    ("pandas.core.internals.managers", "SingleBlockManager"): "0.14.1",
    (
        "pandas.core.arrays._mixins",
        "NDArrayBackedExtensionArray",
    ): "_cache _data _dtype _freq _ndarray",
    ("pandas.core.arrays.categorical", "Categorical"): "_codes",
    # Where pandas keeps the values of its ``cache_readonly`` properties.
    # ``_readonly``: whether pandas 3 lets nobody write into the array.
    ("pandas.core.arrays.base", "ExtensionArray"): "_cache _readonly",
    ("pandas.core.dtypes.base", "ExtensionDtype"): "_cache",
    ("pandas._libs.tslibs.offsets", "DateOffset"): """
        _offset _use_relativedelta day days hour hours microsecond microseconds millisecond
        milliseconds minute minutes month months n nanosecond nanoseconds normalize second seconds
        weekday weeks year years
    """,
}


def listed() -> list[Place]:
    """Return the classes that may be given a state."""
    lines = [line.split("\t") for line in LISTED.read_text(encoding="utf-8").splitlines()[1:]]
    every = {(module, name) for module, name, *_ in lines}
    found = {(module, name) for module, name, uses, _ in lines if "build" in uses.split(",")}
    # What a function of a compiled module restores is given its state by BUILD, too.
    restored = {(module, name.removeprefix("__pyx_unpickle_")) for module, name in found}
    return sorted(found | (restored & every))


def installed() -> Sources:
    """Return the sources of the libraries that are installed."""
    return Sources(Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("platlib")))


def survey_listed(sources: Sources) -> Rows:
    """Survey all listed classes; one that is compiled, or found elsewhere, has a row, too."""
    rows = survey(sources, listed())
    for place in listed():
        found = sources.find(*place)
        if place not in rows:
            rows[place] = Row(bases=[] if found is None else [found])
    for place, names in EXTRA.items():
        if place in rows:
            rows[place].attributes |= set(names.split())
    return rows


def unite(rows: Rows, more: Rows) -> Rows:
    """Return the rows of two versions: all the attributes, bases and methods of each class."""
    united: Rows = {}
    for place in sorted({*rows, *more}):
        row = united[place] = Row()
        for one in (rows.get(place, Row()), more.get(place, Row())):
            row.bases += [base for base in one.bases if base not in row.bases]
            row.attributes |= one.attributes
            row.methods |= one.methods
            row.values |= one.values
    return united


def hidden(rows: Rows, place: Place) -> set[str]:
    """Return what a class or its bases assign, though it is a method for this class."""
    every = [rows[one] for one in closure(rows, place)]
    attributes = set().union(*(one.attributes for one in every))
    return attributes & set().union(*(one.methods for one in every))


def read_uses() -> dict[tuple[str, str], tuple[str, str]]:
    """Return the reviewed table: (class, attribute) -> (use, what it may hold)."""
    lines = (line.split("\t") for line in USES.read_text(encoding="utf-8").splitlines()[1:])
    return {(cls, attribute): (use, holds) for cls, attribute, use, holds, _why in lines}


def text_of(rows: Rows, reviewed: dict[tuple[str, str], tuple[str, str]]) -> str:
    """Return the text of the table."""
    lines = ["class\tbases\tattributes\tholds"]
    wanted = set(listed())
    for place, row in sorted(rows.items()):
        cls = ".".join(place)
        holds = [
            f"{attribute}:{kinds}"
            for (owner, attribute), (_, kinds) in sorted(reviewed.items())
            if owner == cls and kinds
        ]
        own = sorted(row.attributes - row.methods)
        own += [f"!{one}" for one in sorted(hidden(rows, place))] if place in wanted else []
        bases = " ".join(".".join(one) for one in row.bases)
        lines.append(f"{cls}\t{bases}\t{' '.join(own)}\t{';'.join(holds)}")
    return "\n".join(lines) + "\n"


# Older versions ----------------------------------------------------------------------------------

_LIBRARIES = frozenset({"joblib", "pandas", "scipy", "sklearn"})
#: Parts of the libraries that define no listed class.
_SKIPPED = frozenset(
    {"test", "tests", "externals", "datasets", "io", "plotting", "window", "linalg", "fft"}
)
OLDER = TOOLS / "trust_shapes_older.tsv"


def survey_older(root: Path, now: Rows) -> Rows:
    """Return what an unpacked older version says of the classes, under their places of today."""
    from mlmodel.trust.pickles.moved import current_name

    sources = Sources(root)
    places: dict[Place, Place] = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if parts[0] not in _LIBRARIES or _SKIPPED & set(parts):
            continue
        module = sources.module(name)
        for cls in module.classes if module is not None else ():
            places[name, cls] = current_name(name, cls)
    found = survey(sources, [old for old, new in places.items() if new in now])
    return {
        places.get(old, old): Row(
            [places.get(one, one) for one in row.bases], row.attributes, row.methods, row.values
        )
        for old, row in found.items()
    }


def added_by(older: Rows, now: Rows) -> Rows:
    """Return what the older versions add: attributes that today's class and bases have not.

    What stands in today's class as a value is left out: an attribute would take its place.
    """
    united = unite(now, older)
    added: Rows = {}
    for place, row in older.items():
        every = [now[one] for one in closure(united, place) if one in now]
        known = set().union(*(one.attributes | one.methods | one.values for one in every))
        bases = [one for one in row.bases if place not in now or one not in now[place].bases]
        if place not in now or row.attributes - known or (bases and not now[place].bases):
            whole = place not in now or not now[place].bases
            added[place] = Row(bases if whole else [], row.attributes - known)
    needed = {one for place in added if place in now for one in closure(unite(now, added), place)}
    return {place: row for place, row in added.items() if place in needed}


def read_older() -> Rows:
    """Return what is kept of older versions."""
    rows: Rows = {}
    for line in OLDER.read_text(encoding="utf-8").splitlines()[1:]:
        cls, bases, attributes = line.split("\t")
        rows[_place(cls)] = Row([_place(one) for one in bases.split()], set(attributes.split()))
    return rows


def _place(cls: str) -> Place:
    module, _, name = cls.rpartition(".")
    return module, name


def write_older(roots: Iterable[Path]) -> None:
    """Keep what the unpacked wheels in these folders add."""
    now = survey_listed(installed())
    older: Rows = {}
    for root in roots:
        older = unite(older, survey_older(root, now))
    lines = ["class\tbases\tattributes"]
    for place, row in sorted(added_by(older, now).items()):
        bases = " ".join(".".join(one) for one in row.bases)
        lines.append(f"{'.'.join(place)}\t{bases}\t{' '.join(sorted(row.attributes))}")
    OLDER.write_text("\n".join(lines) + "\n", encoding="utf-8")


# As a command ------------------------------------------------------------------------------------


def generate() -> str:
    """Return the text of the table: of the installed libraries, with what older ones add."""
    return text_of(unite(survey_listed(installed()), read_older()), read_uses())


def unreviewed() -> list[str]:
    """Return the uses that have no line in the table, and the lines that have no use."""
    sources = installed()
    found = {
        (".".join(place), attribute): ",".join(sorted(uses))
        for (place, attribute), uses in Uses(sources, survey_listed(sources)).run().items()
    }
    reviewed = {key: use for key, (use, _) in read_uses().items() if use != "by hand"}
    return [
        f"{cls}.{attribute}: found {found.get((cls, attribute), 'no use')}, "
        f"reviewed {reviewed.get((cls, attribute), 'no use')}"
        for cls, attribute in sorted({*found, *reviewed})
        if found.get((cls, attribute)) != reviewed.get((cls, attribute))
    ]


def main() -> int:
    """Write the table, or with ``--check`` say what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if it differs")
    parser.add_argument("--older", nargs="*", type=Path, help="folders of unpacked older wheels")
    arguments = parser.parse_args()
    if arguments.older:
        write_older(arguments.older)
    problems = unreviewed()
    text = generate()
    if arguments.check:
        if TARGET.read_text(encoding="utf-8") != text:
            problems.append(f"{TARGET.name} is not what this environment gives")
    else:
        TARGET.write_text(text, encoding="utf-8")
    print("\n".join(problems) or f"{len(text.splitlines()) - 1} classes, every use is reviewed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

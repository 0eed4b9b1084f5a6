"""What the symbolic machine keeps on its stack instead of real objects.

Numbers, ``None``, booleans and short strings stand for themselves, a ``tuple`` for a tuple of
such values. Everything else is one of the classes here; none of them holds anything that
was built from the pickle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmodel._base.hashes import Hashes
    from mlmodel.trust.pickles.names import Entry

__all__ = [
    "LONGEST_TEXT",
    "MOST_KEYS",
    "Blob",
    "Global",
    "Items",
    "Made",
    "Mapping",
    "Opaque",
    "Value",
    "is_plain",
]

#: Longer strings are not followed: no name, key or dtype is that long.
LONGEST_TEXT = 16_384

#: A dict of more keys than these is data, and not what makes an object of something.
MOST_KEYS = 16_384
_KEYS = frozenset({str, int, bool, type(None)})

#: Any value of the machine; ``Any`` because plain constants stand for themselves.
Value = Any


class Opaque:
    """A constant whose exact value the machine does not follow (a long string or number).

    ``span``: where its bytes stand in the pickle; ``hashed``: its hash, once that was asked for.
    """

    __slots__ = ("hashed", "kind", "span")

    def __init__(
        self, kind: str, span: tuple[int, int] = (0, 0), hashed: int | None = None
    ) -> None:
        self.kind = kind
        self.span = span
        self.hashed = hashed


class Blob:
    """A ``bytes`` or ``bytearray`` of the pickle, by its length; ``span``: where they stand."""

    __slots__ = ("data", "hashed", "length", "span")

    def __init__(
        self, length: int, data: bytes | None = None, span: tuple[int, int] = (0, 0)
    ) -> None:
        self.length = length
        self.data = data
        self.span = span
        self.hashed: int | None = None


class Items:
    """A list, set or frozenset under construction, by what was put in.

    ``hashes``: the hashes of its members, where these can be chosen (of dicts and objects, too).
    """

    __slots__ = ("hashes", "kind", "values")

    def __init__(self, kind: str, values: list[Value]) -> None:
        self.kind = kind
        self.values = values
        self.hashes: Hashes | None = None


class Mapping:
    """A dict under construction.

    ``known`` holds what is stored under plain keys; ``exact`` is false when some key is not
    plain; those keys and their values are ``others`` (an ellipsis: too many). Such a key may be
    equal to a plain one (``1.0`` to ``1``, a text of numpy to a ``str``), whose value it then
    takes away. So only where ``exact`` is true does ``known`` say what is found under a key, or
    that nothing is; else a value of the dict is one of all that are in ``known`` and ``others``.
    ``frozen``: a checked object holds on to this very dict, so it may not change any more.
    """

    __slots__ = ("exact", "frozen", "hashes", "known", "others")

    def __init__(self) -> None:
        self.known: dict[Value, Value] = {}
        self.others: list[Value] | None = None
        self.exact = True
        self.frozen = False
        self.hashes: Hashes | None = None

    def give_up(self) -> None:
        """Follow no further keys: what is left out cannot be asked for."""
        self.exact = False
        self.others = [...]

    def put(self, key: Value, value: Value) -> None:
        """Store a value as a dict would."""
        self.put_all((key, value))

    def put_all(self, pairs: Sequence[Value]) -> None:
        """Store keys and values, by turns, as a dict would.

        A dict of very many keys is no state and no fields: its keys are not followed.
        """
        known = self.known
        if len(known) + len(pairs) // 2 > MOST_KEYS:
            self.give_up()  # no check takes what stands there for a value
            return
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if type(key) in _KEYS:
                known[key] = value
            else:
                self.exact = False
                self._put_other(key, value)

    def _put_other(self, key: Value, value: Value) -> None:
        if self.others is None:
            self.others = []
        if len(self.others) > MOST_KEYS:
            self.others = [...]
        elif self.others[:1] != [...]:
            self.others += (key, value)


class Global:
    """A name that the pickle looked up; ``entry`` is ``None`` when the name is refused."""

    __slots__ = ("entry", "module", "name")

    def __init__(self, module: str, name: str, entry: Entry | None) -> None:
        self.module = module
        self.name = name
        self.entry = entry

    @property
    def full_name(self) -> str:
        """The name as errors show it."""
        return f"{self.module}.{self.name}"


class Made:
    """What a call or ``__new__`` of a global gave.

    ``args`` are the arguments of the call, ``state`` what BUILD set last, ``used`` whether it
    was put into something else since: a dtype or an array may be built only before that.
    ``bare``: it may not be put into anything before it has a state.
    ``dtype`` keeps what a dtype was found to be, once it cannot change any more.
    """

    __slots__ = ("args", "bare", "dtype", "hashes", "maker", "state", "used")

    def __init__(self, maker: Global, args: Value) -> None:
        self.maker = maker
        # Arguments that are not a tuple are refused where the call is, and are not followed.
        self.args: tuple[Value, ...] = args if type(args) is tuple else ()
        self.state: Value = None
        self.used = False
        self.bare = False
        self.dtype: Value = None
        self.hashes: Hashes | None = None


def is_plain(value: Value) -> bool:
    """Return whether the value is a constant: number, string, bytes, boolean or ``None``."""
    return value is None or type(value) in {int, bool, float, str, Opaque, Blob}

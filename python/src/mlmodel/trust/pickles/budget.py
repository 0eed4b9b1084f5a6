"""What reading one model may cost, counted through all of its files and layers (TRU-059).

A file that is compressed, or holds files of its own, can be made to cost thousands of times its
size. So each reader takes what it spends from the budget of the model, which grows with the bytes
that are stored and with nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from mlmodel._base import expansion

__all__ = ["EXPANSION", "Budget", "Spent"]

#: What is compressed may expand to this much whatever its size, and to this many times its size,
#: and never to more than the last of the three.
EXPANSION = (expansion.FREE, expansion.TIMES, expansion.MOST)
#: So many opcodes are free, and each further one has its bytes.
_FREE_OPCODES = 1_000_000
_BYTES_PER_OPCODE = 4
#: Dense opcodes are compressed to a sixteenth at best, where a person's model is.
_DENSEST = 16
#: Memory that is set aside by a number in the file.
_FREE_ROOM = 32 * 2**20


class Spent(Exception):
    """The model costs more than its size warrants; the message says of what."""


@dataclass(slots=True)
class Budget:
    """What was spent on one model, and what its files are worth.

    ``stored``: the bytes of its files as they are stored. ``expanded``: the bytes that came out
    of what is compressed. ``opcodes`` and ``room``: what its pickles did, and set aside;
    ``read``: the bytes that this took. ``hashed``: the parts of keys that are hashed and compared.
    """

    stored: int = 0
    expanded: int = 0
    opcodes: int = 0
    read: int = 0
    room: int = 0
    hashed: int = 0

    def store(self, size: int) -> None:
        """Count a file of the model."""
        self.stored += size

    def left_to_expand(self) -> int:
        """Return how many bytes may still come out of what is compressed."""
        free, times, most = EXPANSION
        return min(max(free, times * self.stored), most) - self.expanded

    def expand(self, size: int) -> None:
        """Count bytes that came out of what is compressed.

        Raises:
            Spent: they are too many (TRU-021).

        """
        self.expanded += size
        if self.left_to_expand() < 0:
            raise Spent(f"it expands to more than {self.expanded - size:,} bytes (TRU-021)")

    def run(self, opcodes: int, read: int) -> None:
        """Count opcodes, and the bytes that were read for them: what follows is not yet worth any.

        Raises:
            Spent: they are too many for these, or for the files' size (TRU-050).

        """
        if self._is_too_much(opcodes, read):
            raise Spent(f"it has too many opcodes for its size, {self.opcodes:,} by here (TRU-050)")

    def count(self, values: int, read: int) -> None:
        """Count values of a form that is not a pickle as opcodes, and the bytes that they stand in.

        Raises:
            Spent: they are too many for these, or for the files' size (TRU-098).

        """
        if self._is_too_much(values, read):
            raise Spent(f"it has too many values for its size, {self.opcodes:,} by here (TRU-098)")

    def _is_too_much(self, opcodes: int, read: int) -> bool:
        self.opcodes += opcodes
        self.read += read
        bytes_ = min(self.read, _DENSEST * self.stored)
        return self.opcodes > _FREE_OPCODES + bytes_ // _BYTES_PER_OPCODE

    def hash(self, parts: int) -> None:
        """Count parts of keys that are hashed or compared, however often the file has them.

        Raises:
            Spent: they are too many for the files' size (TRU-087).

        """
        self.hashed += parts
        if self.hashed > _FREE_OPCODES + _DENSEST * self.stored:
            raise Spent(
                "hashing the keys of its dicts and sets costs too much for its size (TRU-087)"
            )

    def set_aside(self, size: int) -> None:
        """Count memory that a number in the file asks for.

        Raises:
            Spent: it is too much for the files' size (TRU-059).

        """
        self.room += size
        if self.room > _FREE_ROOM + _DENSEST * self.stored:
            raise Spent("it asks for more memory than its size warrants (TRU-059)")

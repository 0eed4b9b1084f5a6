"""The opcodes of a pickle, run symbolically: what would be looked up, called and built.

The machine keeps the stack, marks and memo as CPython's C unpickler does, with symbolic values
instead of objects; it reads the bytes itself, in one pass, without copying large arguments.
Whatever the C unpickler would take and this machine does not follow exactly is refused (TRU-014,
TRU-015). And what is loaded are not the bytes of the file but those that the machine writes:
without frames and without arguments that end with a line, which two readers could read
differently, so what was checked is what is built (TRU-049).
"""

from __future__ import annotations

from pickle import BINPERSID
from typing import TYPE_CHECKING

from mlmodel.trust.pickles import checks
from mlmodel.trust.pickles.budget import Budget, Spent
from mlmodel.trust.pickles.callables import member_name
from mlmodel.trust.pickles.data_opcodes import run_data
from mlmodel.trust.pickles.explain import place_of
from mlmodel.trust.pickles.findings import MOST_FINDINGS, Finding, Malformed, RawArray, Recording
from mlmodel.trust.pickles.hashing import Keys, keys_given
from mlmodel.trust.pickles.shapes import Watch
from mlmodel.trust.pickles.values import Blob, Global, Items, Made, Mapping, Opaque, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from collections.abc import Mapping as Mapping_

    from mlmodel.trust.pickles.names import Entry, Names

__all__ = ["STOP", "Machine"]

STOP = ord(".")
_GAP = Opaque("nothing")

#: Opcodes are counted in stretches.
_STRETCH = 4096
#: How deep arrays of objects may stand within each other; a person nests two.
_DEEPEST = 20


class Machine:
    """One symbolic run over ``data`` from ``start``.

    Args:
        data: the whole file (or what it expanded to).
        opcodes: what each opcode does but STOP and those that only hold data.
        names: the list, as this load sees it.
        findings: where refusals are added.
        seen: where every name met is added.
        start: the offset of the first opcode.
        depth: in how many arrays of objects it stands.
        budget: what the model may cost.

    """

    def __init__(
        self,
        data: bytes,
        opcodes: Mapping_[int, Callable[[Machine], None]],
        names: Names,
        findings: list[Finding],
        seen: dict[str, None],
        *,
        start: int = 0,
        depth: int = 0,
        budget: Budget | None = None,
    ) -> None:
        self.data = data
        self.opcodes = opcodes
        self.names = names
        self.findings = findings
        self.seen = seen
        self.start = self.pos = start
        self.stack: list[Value] = []
        self.marks: list[int] = []
        #: By number; those that were left out are :data:`_GAP`, and counted.
        self.memo: list[Value] = []
        self.gaps = 0
        self.recording = Recording()
        self.watch = Watch()
        self.keys = Keys(data, self._pay_for_hashing)
        #: The dicts and sets whose keys may not be put in, by identity, and why.
        self.crowded: dict[int, tuple[Value, str]] = {}
        self.view = memoryview(data)
        #: Where the bytes begin that go into the pickle to load as they are.
        self.kept = start
        self.frame_end = start
        self.depth = depth
        self.count = 0
        self.budget = budget if budget is not None else Budget(len(data))
        #: The opcodes and the position up to which the budget knows of them.
        self.paid = (0, start)

    def run(self) -> Recording:
        """Run to STOP.

        Raises:
            Malformed: the bytes end early or do what no pickler writes.

        """
        try:
            while not self._run_some():
                self._pay()
            self._pay()
        except Spent as error:
            self.refuse("", str(error))
            raise Malformed("what follows was not looked at") from None
        except IndexError:
            raise Malformed(f"it ends early, at byte {len(self.data)}") from None
        except KeyError:
            raise Malformed(
                f"no opcode 0x{self.data[self.pos - 1]:02x} is known, byte {self.pos - 1}"
            ) from None
        self.recording.value = self.held(self.pop())
        if self.stack or self.marks:
            raise Malformed("values are left on the stack at its end")
        for name, reason, where in self.watch.refusals(self.recording.value):
            self.refuse(name, reason, where)
        for target, reason in self.crowded.values():
            self.refuse("", reason, place_of(self.recording.value, target))
        self.leave_frame()
        self.write(self.pos, b"")
        self.recording.end = self.pos
        return self.recording

    def _pay(self) -> None:
        """Count what was run since the last time, and the bytes that it took."""
        self.budget.run(self.count - self.paid[0], self.pos - self.paid[1])
        self.paid = (self.count, self.pos)

    def _run_some(self) -> bool:
        """Run a number of opcodes; return whether the last one was STOP."""
        opcodes, end = self.opcodes, self.count + _STRETCH
        while self.count < end:
            code = run_data(self, end - self.count)
            if code == STOP:
                return True
            if code is not None:
                opcodes[code](self)
        return False

    # Writing what is to be loaded

    def write(self, begin: int, instead: bytes) -> None:
        """Put ``instead`` in the place of the bytes from ``begin`` to here."""
        parts = self.recording.parts
        if begin > self.kept:
            parts.append(self.view[self.kept : begin])
        if instead:
            parts.append(instead)
        self.kept = self.pos

    def enter_frame(self, size: int) -> None:
        """FRAME: the opcodes of so many bytes; only how they are stored."""
        self.leave_frame()
        if size > len(self.data) - self.pos:
            raise Malformed("a frame is larger than the file")
        self.frame_end = self.pos + size

    def leave_frame(self) -> None:
        """Refuse to stop or to begin another frame within one."""
        if self.pos < self.frame_end:
            raise Malformed(f"a frame ends at byte {self.frame_end}, within an opcode or behind it")

    # The stack: nothing below the last mark may be taken, as in the C unpickler.

    def pop(self) -> Value:
        """Take the top of the stack."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Malformed(f"it takes from an empty stack, byte {self.pos - 1}")
        return self.stack.pop()

    def top(self) -> Value:
        """Return the top of the stack, left there."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Malformed(f"it uses an empty stack, byte {self.pos - 1}")
        return self.stack[-1]

    def pop_some(self, size: int) -> list[Value]:
        """Take so many from the top; the one that was put first comes first."""
        left = len(self.stack) - size
        if left < (self.marks[-1] if self.marks else 0):
            raise Malformed(f"it takes from an empty stack, byte {self.pos - 1}")
        values = self.stack[left:]
        del self.stack[left:]
        return values

    def pop_mark(self) -> list[Value]:
        """Take everything above the last mark."""
        if not self.marks:
            raise Malformed(f"there is no mark, byte {self.pos - 1}")
        mark = self.marks.pop()
        values = self.stack[mark:]
        del self.stack[mark:]
        return values

    # The memo, numbered as in the C unpickler

    def got(self, number: int) -> Value:
        """Return what the memo has under a number."""
        value = self.memo[number] if number < len(self.memo) else _GAP
        if value is _GAP:
            raise Malformed(f"the memo has no {number}, byte {self.pos - 1}")
        return value

    def put(self, number: int) -> None:
        """Keep the top of the stack under a number; a pickler leaves no gaps but the first."""
        if number > len(self.data):
            raise Malformed(f"the memo's number {number} is larger than the file")
        memo = self.memo
        missing = number - len(memo)
        if missing >= 0:
            memo.extend([_GAP] * missing)
            self.gaps += missing
            memo.append(self.stack[-1])
            return
        self.gaps -= memo[number] is _GAP
        memo[number] = self.stack[-1]

    # Reading

    def take(self, size: int) -> bytes:
        """Read ``size`` bytes."""
        chunk = self.data[self.pos : self.pos + size]
        if len(chunk) != size:
            raise Malformed(f"it ends early, at byte {len(self.data)}")
        self.pos += size
        return chunk

    def take_number(self, width: int, *, signed: bool = False) -> int:
        """Read a little-endian integer."""
        return int.from_bytes(self.take(width), "little", signed=signed)

    def skip(self, size: int) -> int:
        """Pass over ``size`` bytes; return where they began."""
        begin = self.pos
        if size < 0 or size > len(self.data) - begin:
            raise Malformed(f"a length at byte {begin} is larger than the file")
        self.pos = begin + size
        return begin

    def line(self) -> bytes:
        """Read up to a newline, which is passed over."""
        end = self.data.find(b"\n", self.pos)
        if end < 0:
            raise Malformed(f"a line at byte {self.pos} has no end")
        if self.pos < self.frame_end <= end:
            self.refuse(
                "", "a line crosses the end of a frame, where two unpicklers differ (TRU-049)"
            )
        text = self.data[self.pos : end]
        self.pos = end + 1
        return text

    # What is refused

    def refuse(self, name: str, reason: str, where: str = "", *, unlisted: bool = False) -> None:
        """Note a refusal."""
        if len(self.findings) < MOST_FINDINGS:
            finding = Finding(name, reason, self.pos - 1, where, unlisted)
            if all((name, reason) != (one.name, one.reason) for one in self.findings):
                self.findings.append(finding)

    def held_all(self, values: list[Value]) -> list[Value]:
        """Note that values are put into something; return them."""
        for value in values:
            kind = type(value)
            if kind is Made or kind is Global:
                self.held(value)
        return values

    def held(self, value: Value) -> Value:
        """Note that a value is put into something: a name so held must be listed for it."""
        kind = type(value)
        if kind is Global:
            entry = value.entry
            if entry is not None and "ref" not in entry.uses:
                self.refuse(value.full_name, "it may be called here, but not kept in a state")
        elif kind is Made:
            value.used = True
            if value.bare:
                self.refuse(value.maker.full_name, "it is used before it has its state (TRU-058)")
        return value

    # Keys

    def _pay_for_hashing(self, cost: int) -> None:
        self.budget.hash(cost)

    def put_keys(self, target: Mapping | Items | Made, keys: Collection[Value]) -> bool:
        """Note that keys are put into a dict or set; return whether they may be (TRU-086)."""
        if id(target) in self.crowded:
            return False
        reason = self.keys.wrong(target, keys)
        if reason and len(self.crowded) < MOST_FINDINGS:
            self.crowded.setdefault(id(target), (target, reason))
        if reason and type(target) is Mapping:
            target.give_up()
        return not reason

    def _collect(self, callee: Global, args: tuple[Value, ...], made: Made) -> Made:
        """Note the keys that a call of a collection is given."""
        for value in args:
            keys, size = keys_given(callee, value)
            self.budget.hash(size)
            self.put_keys(made, keys)
        return made

    # Names and calls

    def look_up(self, module: Value, name: Value) -> None:
        """Push what a GLOBAL, STACK_GLOBAL or INST names."""
        self.stack.append(self.named(module, name))

    def named(self, module: Value, name: Value) -> Global:
        """Return the symbolic value of a name; refuse it when it is not on the list."""
        if type(module) is not str or type(name) is not str:
            self.refuse("", "a name is put together while loading, so it cannot be checked")
            return Global("?", "?", None)
        current_module, current_name, entry = self.names.find(module, name)
        value = Global(current_module, current_name, entry)
        self.recording.globals.append((current_module, current_name))
        self.seen[value.full_name] = None
        if entry is None:
            why = "it is not on the list of names that need no trust"
            self.refuse(value.full_name, why, unlisted=True)
        return value

    def call(self, callee: Value, args: Value) -> Made | Global:
        """Return what calling ``callee`` gives; check that it may be called so."""
        if type(callee) is not Global:
            self.refuse("", "a value made by the pickle itself is called")
            return Made(Global("?", "?", None), args)
        entry = callee.entry
        if type(args) is not tuple:
            self.refuse(callee.full_name, "it is called with arguments that cannot be followed")
        elif entry is not None and "call" not in entry.uses:
            self.refuse(callee.full_name, "it may not be called while loading")
        elif entry is not None and entry.check == "member":
            return self.member(callee, args)
        elif entry is not None:
            self.check(callee, entry, checks.ARGUMENTS, args)
            if entry.check == "tree" and len(args) == 3 and type(args[2]) is int:  # noqa: PLR2004
                self.budget.set_aside(8 * max(args[2], 0))
            if entry.check == "reconstructor" and args and type(args[0]) is Global:
                # The old protocols' way of ``__new__``: what is made is the class's.
                made = self._begun(args[0], args[2] if len(args) > 2 else ())  # noqa: PLR2004
                return self._collect(callee, args[2:], made)
            if entry.check in {"collection", "factory"}:
                return self._collect(callee, args, self._begun(callee, args))
        return self._begun(callee, args)

    def _begun(self, maker: Global, args: Value) -> Made:
        made = Made(maker, args)
        made.bare = checks.needs_state(maker)
        return made

    def member(self, callee: Global, args: Value) -> Global:
        """Return what ``getattr(class, name)`` gives: a method that the list has (TRU-073)."""
        found = member_name(args)
        if found is None or found[0].entry is None:
            self.refuse(callee.full_name, "it takes something else than a method of a listed class")
            return Global("?", "?", None)
        owner, name = found
        module, path, entry = self.names.find(owner.module, f"{owner.name}.{name}")
        value = Global(module, path, entry)
        self.seen[value.full_name] = None
        if entry is None:
            self.refuse(value.full_name, "it is not on the list of methods that only compute")
        return value

    def make(self, cls: Value, args: Value) -> Made:
        """Return what ``cls.__new__(cls, *args)`` gives; check that it may be made so."""
        if type(cls) is not Global:
            self.refuse("", "a value made by the pickle itself is used as a class")
            return Made(Global("?", "?", None), args)
        if type(args) is not tuple:
            self.refuse(cls.full_name, "it is made with arguments that cannot be followed")
        elif cls.entry is not None and "new" not in cls.entry.uses:
            self.refuse(cls.full_name, "no object of it may be made this way")
        return self._begun(cls, args)

    def check(
        self,
        subject: Global,
        entry: Entry,
        table: dict[str, Callable[..., str]],
        *values: Value,
    ) -> None:
        """Run the check that the list names for this use; refuse with its reason."""
        check = table.get(entry.check)
        self.refuse_for(subject, check(subject, *values) if check is not None else "")

    def refuse_for(self, subject: Global, reason: str) -> None:
        """Refuse a name for a reason, where there is one."""
        if reason:
            self.refuse(subject.full_name, reason)

    def build(self) -> None:
        """BUILD: give a state to the object below it."""
        state = self.held(self.pop())
        target = self.top()
        if type(target) is not Made:
            self.refuse(
                target.full_name if type(target) is Global else "",
                "a state is given to something that is not an object made by the pickle",
            )
            return
        maker, entry = target.maker, target.maker.entry
        if entry is None:
            target.state = state  # refused already; what else stands in it is told with its place
            return
        if "build" not in entry.uses:
            self.refuse(maker.full_name, "it may not be given a state")
        elif (
            "user" not in entry.uses and entry.check not in checks.PAIRS and checks.has_slots(state)
        ):
            self.refuse(maker.full_name, "its state sets attributes through their setters")
        else:
            if type(state) is Mapping:
                # What was checked stays as it was, whoever else holds the dict.
                state.frozen = state.frozen or entry.check in checks.STATES
            self.check(maker, entry, checks.STATES, target, state)
            if target.bare and entry.check != "newobj":
                self.refuse_for(maker, checks.extension_state(state))
            self.watch.look_at(target, state)
        target.state, target.bare = state, False
        if checks.is_array_wrapper(maker):
            self.raw_array(state)

    def raw_array(self, state: Value) -> None:
        """Pass over the raw array that joblib writes after its wrapper."""
        layout = checks.wrapper_layout(state)
        if isinstance(layout, str):
            # Where the next opcode stands is not known: nothing behind can be read.
            raise Malformed(layout)
        self.write(self.pos, BINPERSID)
        begin, nested = self.pos, None
        if layout.has_objects:
            self._pay()
            nested = self.nested(begin)
            self.pos = nested.end
            self.paid = (self.count, nested.end)
        else:
            if layout.padded:
                self.skip(self.take(1)[0])
            begin = self.skip(layout.size)
        self.recording.arrays.append(RawArray(begin, self.pos, nested))
        self.kept = self.pos
        array = Made(Global("numpy", "ndarray", checks.ARRAY), ())
        array.state = Blob(layout.size) if nested is None else nested.value
        self.stack[-1] = array

    def nested(self, begin: int) -> Recording:
        """Run the pickle of an array of objects, which counts as a part of this one."""
        if self.depth == _DEEPEST:
            self.refuse("", f"arrays of objects stand more than {_DEEPEST} deep in it (TRU-050)")
            raise Malformed("what follows was not looked at")
        machine = Machine(
            self.data, self.opcodes, self.names, self.findings, self.seen,
            start=begin, depth=self.depth + 1, budget=self.budget,
        )  # fmt: skip
        return machine.run()

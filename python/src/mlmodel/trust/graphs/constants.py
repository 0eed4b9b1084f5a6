"""How large the values of a graph become that do not depend on its inputs (ONX-015).

ONNX Runtime computes them when it loads the graph, and a file of some hundred bytes can say values
of any size. So every node gets bounds for the elements of its outputs: at least so many, whatever
the graph is given (what is certainly too large is refused), and at most so many, where that is
proven; where it is not, ONNX Runtime is told to compute nothing before it predicts.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel.trust.graphs.functions import Functions, graphs_of, operator
from mlmodel.trust.graphs.tensors import Astray, integers, shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Rule = Callable[[list["Size"], Mapping[str, Any]], "Size"]

__all__ = ["Bounds"]

_TEXT = 8
#: Values of more elements than these are not followed.
_FOLLOWED = 256
#: What is said of numbers that are this large, and of all larger ones.
_HUGE = 2**62


class Size(NamedTuple):
    """Elements of a value: whether it is the same in every run, at least, at most, its integers.

    ``parts``: of how many pieces it is put together by Concat, as far as shapes are followed.
    """

    constant: bool
    least: int
    most: int | None
    values: tuple[int, ...] | None = None
    parts: int = 1


#: Nothing is known of it; it may be the same in every run.
_UNKNOWN = Size(constant=True, least=0, most=None)
_GIVEN = Size(constant=False, least=1, most=None)


def _capped(number: int) -> int:
    return min(number, _HUGE)


def _known(constant: bool, least: int, most: int | None, values: Any = None) -> Size:
    return Size(constant, _capped(least), None if most is None else _capped(most), values)


def _fixed(least: int, most: int | None, values: Any = None) -> Size:
    """Return the size of what is the same in every run."""
    return _known(constant=True, least=least, most=most, values=values)


def _most(given: list[Size], combine: Callable[[list[int]], int]) -> int | None:
    known = [one.most for one in given if one.most is not None]
    return combine(known) if len(known) == len(given) else None


def _same(given: list[Size], _: Mapping[str, Any]) -> Size:
    """As many as the first input has, with its values: its shape alone may change."""
    first = given[0] if given else _UNKNOWN
    return Size(all(one.constant for one in given), first.least, first.most, first.values)


def _unary(given: list[Size], at: Mapping[str, Any]) -> Size:
    return _same(given, at)._replace(values=None)


def _fewer(given: list[Size], at: Mapping[str, Any]) -> Size:
    """No more than the first input has."""
    return _unary(given, at)._replace(least=0)


def _joined(given: list[Size], _: Mapping[str, Any]) -> Size:
    parts = [one.values for one in given if one.values is not None]
    values = sum(parts, ()) if len(parts) == len(given) <= _FOLLOWED else None
    if values is not None and len(values) > _FOLLOWED:
        values = None
    return _known(
        all(one.constant for one in given),
        sum(one.least for one in given),
        _most(given, sum),
        values,
    )


def _broadcast(given: list[Size], _: Mapping[str, Any]) -> Size:
    """Each axis is as long as that of one input: at most all of them side by side."""
    least = [one.least for one in given]
    return _known(
        all(one.constant for one in given),
        max(least) if least and all(least) else 0,
        _most(given, prod),
    )


def _product(given: list[Size], at: Mapping[str, Any]) -> Size:
    return _broadcast(given, at)._replace(least=0)


def _some(number: int) -> Rule:
    return lambda given, _: _known(all(one.constant for one in given), 0, number)


def _filled(given: list[Size], _: Mapping[str, Any]) -> Size:
    """ConstantOfShape: as many as the product of the values."""
    values = given[0].values if given else None
    if values is None:
        return Size(all(one.constant for one in given), 0, None)
    count = prod(values) if not values or min(values) >= 0 else 0
    return _known(given[0].constant, count, count)


def _repeated(given: list[Size], _: Mapping[str, Any]) -> Size:
    """Tile and Expand: the first input, as often as the second one says."""
    first, second = given[0] if given else _UNKNOWN, given[1] if len(given) > 1 else _UNKNOWN
    constant = first.constant and second.constant
    if second.values is None:
        return Size(constant, 0, None)
    times = prod(max(one, 1) for one in second.values)
    return _known(constant, 0, None if first.most is None else first.most * times)


def _tiled(given: list[Size], at: Mapping[str, Any]) -> Size:
    found = _repeated(given, at)
    values = given[1].values if len(given) > 1 else None
    if values and min(values) > 0:
        return found._replace(least=_capped(given[0].least * prod(values)))
    return found


def _expanded(given: list[Size], at: Mapping[str, Any]) -> Size:
    found = _repeated(given, at)
    values = given[1].values if len(given) > 1 else None
    if values and min(values) > 0 and given[0].least:
        return found._replace(least=_capped(max(prod(values), given[0].least)))
    return found


def _range(given: list[Size], _: Mapping[str, Any]) -> Size:
    constant = all(one.constant for one in given)
    if len(given) != 3 or not all(one.values and len(one.values) == 1 for one in given):  # noqa: PLR2004
        return Size(constant, 0, None)
    start, stop, step = (one.values[0] for one in given if one.values)
    count = max(-((start - stop) // step), 0) if step else 0
    return _known(constant, count, count)


def _one_hot(given: list[Size], _: Mapping[str, Any]) -> Size:
    constant = all(one.constant for one in given)
    if len(given) < 2 or not given[1].values or given[0].most is None:  # noqa: PLR2004
        return Size(constant, 0, None)
    return _known(constant, 0, given[0].most * max(given[1].values))


def _cast(given: list[Size], attributes: Mapping[str, Any]) -> Size:
    found = _same(given, attributes)
    # Texts are of any length, so nothing is proven of what is made of them.
    is_text = attributes.get("to", {}).get("i") == _TEXT
    return found._replace(most=None, values=None) if is_text else found


def _names(text: str, rule: Rule) -> dict[bytes, Rule]:
    return dict.fromkeys(text.encode().split(), rule)


#: ONNX Runtime follows the numbers of shapes through these, element by element, on loading.
_CARRIED = frozenset(
    b"Add Cast Concat Gather Identity Mul Reshape Slice Squeeze Sub Transpose Unsqueeze".split()
)
_WHOLE_NUMBERS = (6, 7)

#: Operators of ONNX -> the bounds of each of their outputs.
_RULES: dict[bytes, Rule] = {
    **_names("Identity Reshape Squeeze Unsqueeze Flatten", _same),
    **_names("Cast", _cast),
    **_names(
        "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Celu Cos Cosh CumSum "
        "DequantizeLinear Elu Erf Exp EyeLike Floor Gelu "
        "HardSigmoid HardSwish IsInf IsNaN LeakyRelu Log LogSoftmax "
        "Mish Neg Not QuantizeLinear Reciprocal Relu Round Selu Sigmoid Sign Sin Sinh Softmax "
        "Softplus Softsign Sqrt Tan Tanh ThresholdedRelu Transpose Trilu CastLike",
        _unary,
    ),
    **_names(
        "ArgMax ArgMin Clip Dropout ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax "
        "ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare ReverseSequence ScatterElements "
        "ScatterND Slice Split TopK",
        _fewer,
    ),
    **_names("Concat", _joined),
    **_names(
        "Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less "
        "LessOrEqual Max Mean Min Mod Mul Or Pow Sub Sum Where Xor",
        _broadcast,
    ),
    **_names("Gather GatherElements GatherND Gemm MatMul PRelu", _product),
    **_names("Shape", _some(2**16)),
    **_names("Size", _some(1)),
    **_names("ConstantOfShape", _filled),
    **_names("Tile", _tiled),
    **_names("Expand", _expanded),
    **_names("Range", _range),
    **_names("OneHot", _one_hot),
}  # fmt: skip


class Bounds:
    """Bounds for all values of a graph, its functions written out.

    ``folds`` says whether what ONNX Runtime would compute on loading is proven to be small.
    """

    def __init__(self, data: bytes, functions: Functions, most: int, folded: int) -> None:
        self.data = data
        self.functions = functions
        self.folds = True
        self._most = most
        self._left = folded
        self._parts = folded >> 6

    def check(self, graph: Mapping[str, Any]) -> None:
        """Go through a graph.

        Raises:
            Astray: a value certainly becomes larger than ``most`` elements.

        """
        inputs = {one.get("name", b""): _GIVEN for one in graph.get("input", ())}
        self._graph(graph, [inputs], certain=True)

    def _graph(
        self, graph: Mapping[str, Any], scopes: list[dict[bytes, Size]], *, certain: bool
    ) -> None:
        scope = scopes[-1]
        for tensor in graph.get("initializer", ()):
            name = tensor.get("name", b"")
            found = self._tensor(tensor)
            # A weight that is an input too may be given another value (ONX-012).
            scope[name] = found._replace(least=0, values=None) if name in scope else found
        for sparse in graph.get("sparse_initializer", ()):
            count = prod(shape(self.data, sparse, "a sparse tensor"))
            scope[sparse.get("values", {}).get("name", b"")] = _fixed(0, count)
        for node in graph.get("node", ()):
            self._node(node, scopes, certain=certain)

    def _node(
        self, node: Mapping[str, Any], scopes: list[dict[bytes, Size]], *, certain: bool
    ) -> None:
        named = node.get("input", ())
        given = [_find(name, scopes) for name in named if name]
        function = self.functions.called(node)
        if function is not None:
            self._call(function, node, scopes, certain=certain)
            return
        for graph in graphs_of(node):
            inner = {
                one.get("name", b""): _GIVEN._replace(least=0) for one in graph.get("input", ())
            }
            self._graph(graph, [*scopes, inner], certain=False)
        domain, name = operator(node)
        attributes = {
            one.get("name", b"").decode(errors="replace"): one for one in node.get("attribute", ())
        }
        rule = _RULES.get(name) if not domain else None
        if name == b"Constant" and not domain:
            found = self._constant(attributes)
        elif rule is None or any(True for _ in graphs_of(node)):
            found = Size(all(one.constant for one in given), 0, None)
        else:
            found = rule(given, attributes)
        found = found._replace(parts=self._put_together(domain, name, given))
        if certain and found.least > self._most:
            raise Astray(
                "ONX-015",
                f"makes a value of at least {found.least:,} elements "
                f"({name[:40].decode(errors='replace')})",
            )
        outputs = node.get("output", ())
        if found.constant and name != b"Constant":
            self._left -= (found.most or 0) * len(outputs)
            self.folds = self.folds and found.most is not None and self._left >= 0
        for output in outputs:
            scopes[-1][output] = found

    def _put_together(self, domain: bytes, name: bytes, given: list[Size]) -> int:
        """Return the parts of an output; all of the graph together are bounded, too."""
        if domain or name not in _CARRIED or not given:
            return 1
        if name != b"Concat":
            return max(one.parts for one in given)
        parts = sum(one.parts for one in given)
        self._parts -= parts
        if self._parts < 0:
            raise Astray(
                "ONX-015", "puts shapes together again and again, out of too many parts (Concat)"
            )
        return parts

    def _call(self, function: Mapping[str, Any], node: Mapping[str, Any],
              scopes: list[dict[bytes, Size]], *, certain: bool) -> None:  # fmt: skip
        given = [_find(name, scopes) if name else _UNKNOWN for name in node.get("input", ())]
        names = function.get("input", ())
        given += [_UNKNOWN] * (len(names) - len(given))
        inner = dict(zip(names, given, strict=False))
        self._graph(function, [inner], certain=certain)
        for outer, name in zip(node.get("output", ()), function.get("output", ()), strict=False):
            scopes[-1][outer] = inner.get(name, _UNKNOWN)

    def _tensor(self, tensor: Mapping[str, Any]) -> Size:
        count = prod(shape(self.data, tensor, "a tensor"))
        values = integers(self.data, tensor, _FOLLOWED) if count <= _FOLLOWED else None
        numbers = None if values is None else tuple(values.tolist())
        is_text = tensor.get("data_type") == _TEXT
        found = _fixed(count, None if is_text else count, numbers)
        is_whole = tensor.get("data_type") in _WHOLE_NUMBERS
        return found._replace(parts=max(count, 1) if is_whole else 1)

    def _constant(self, attributes: Mapping[str, Any]) -> Size:
        for name, one in attributes.items():
            if name == "value" and "t" in one:
                return self._tensor(one["t"])
            if name == "value_int" and "i" in one:
                return _fixed(1, 1, (one["i"],))
            if name == "value_ints" and "ints" in one:
                values = one["ints"].varints(self.data, _FOLLOWED)
                count = one["ints"].count
                return _fixed(count, count, None if values is None else tuple(values))
            if name == "value_float":
                return _fixed(1, 1)
            if name == "value_floats" and "floats" in one:
                return _fixed(one["floats"].count, one["floats"].count)
        return _UNKNOWN


def _find(name: bytes, scopes: list[dict[bytes, Size]]) -> Size:
    for scope in reversed(scopes):
        if name in scope:
            return scope[name]
    return _UNKNOWN

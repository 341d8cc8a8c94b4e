"""Values of formulas in NumPy and in PyTorch, and a check that they have one everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from explorer.core.base.lazy_torch import np, torch
from explorer.core.base.texts import number_text
from explorer.core.families.formula_grammar import (
    FUNCTIONS,
    NEGATIVE,
    Call,
    Name,
    Node,
    Number,
    refuse,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    AnyArray = NDArray[np.floating[Any]]

T = TypeVar("T")
MAX_VALUE = 1e6  # with larger ones float32 has no digits left for the errors
_MEND = "change the formula or the ranges"
_STEPS = frozenset({"sign", "floor", "mod"})  # these get past 0 without being 0 anywhere


@cache
def _numpy() -> dict[str, Callable[..., Any]]:
    return {
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "/": np.divide,
        "^": np.power,
        NEGATIVE: np.negative,
        "mod": np.mod,
        "min": np.minimum,
        "max": np.maximum,
        **{name: getattr(np, name) for name, count in FUNCTIONS.items() if count == 1},
    }


@cache
def _torch() -> dict[str, Callable[..., Any]]:
    return {
        "+": torch.add,
        "-": torch.sub,
        "*": torch.mul,
        "/": torch.div,
        "^": torch.pow,
        NEGATIVE: torch.neg,
        "mod": torch.remainder,
        "min": torch.minimum,
        "max": torch.maximum,
        **{name: getattr(torch, name) for name, count in FUNCTIONS.items() if count == 1},
    }


def tensor_values(tree: Node, values: Mapping[str, Tensor]) -> Tensor:
    """Values of a tree.

    Args:
        tree: the formula.
        values: of its names, broadcast against each other; at least one.

    Returns:
        A tensor of the shape that they broadcast to.
    """
    kind = next(iter(values.values())).dtype

    def operand(node: Number | Name) -> Tensor:
        if isinstance(node, Name):
            return values[node.name]
        return torch.tensor(node.value, dtype=kind)

    value = _values(tree, operand, _torch())
    spread: list[Tensor] = torch.broadcast_tensors(value, *values.values())  # type: ignore[no-untyped-call]
    return spread[0].contiguous()


def array_values(
    tree: Node,
    values: Mapping[str, AnyArray],
    parts: list[tuple[Node, AnyArray]] | None = None,
) -> AnyArray:
    """Values of a tree, infinite or NaN where there is none; float64 if it has no names.

    Args:
        tree: the formula.
        values: of its names, all of one type.
        parts: takes the values of all parts of the tree, each after its own parts.
    """
    kind = next((each.dtype for each in values.values()), np.dtype(np.float64))

    def operand(node: Number | Name) -> AnyArray:
        return values[node.name] if isinstance(node, Name) else np.asarray(node.value, kind)

    with np.errstate(all="ignore"):
        return np.asarray(_values(tree, operand, _numpy(), parts))


def check_finite(field: str, tree: Node, values: Mapping[str, AnyArray]) -> None:
    """Refuse a formula that has no value somewhere, or too large a one.

    Args:
        field: name of the setting.
        tree: the formula.
        values: of its names, in float32 as they will be: the input along the last axis, tasks
            along the first. They are samples: between them only a change of sign is noticed.

    Raises:
        SettingsError: the sentence names the operation to blame, and a place where it is.
    """
    parts: list[tuple[Node, AnyArray]] = []
    array_values(tree, values, parts)
    found = {id(node): value for node, value in parts}
    for node, value in parts:
        at = _first(~np.isfinite(value), values)
        if at:
            refuse(field, node.position, f"{_piece(node)} has no finite value at {at}: {_MEND}")
        if isinstance(node, Call) and _passes_zero(node, found):
            refuse(
                field, node.position, f"{_piece(node)} grows without bounds within the ranges: "
                f"{_MEND}",
            )  # fmt: skip
    at = _first(np.abs(parts[-1][1]) > MAX_VALUE, values)
    if at:
        refuse(field, tree.position, f"beyond ±{MAX_VALUE:,.0f} at {at}: {_MEND}")


def _values(
    tree: Node,
    operand: Callable[[Number | Name], T],
    operations: Mapping[str, Callable[..., T]],
    parts: list[tuple[Node, T]] | None = None,
) -> T:
    if isinstance(tree, Call):
        arguments = [_values(each, operand, operations, parts) for each in tree.arguments]
        value = operations[tree.function](*arguments)
    else:
        value = operand(tree)
    if parts is not None:
        parts.append((tree, value))
    return value


def _passes_zero(call: Call, found: Mapping[int, AnyArray]) -> bool:
    """Whether an operation divides by what is below 0 here and above it there."""
    divisor = call.arguments[-1]
    values = found[id(divisor)]
    match call.function:
        case "tan":
            values = np.cos(values)
        case "^" if np.min(values) < 0:
            divisor = call.arguments[0]
            values = found[id(divisor)]
        case "/":
            pass
        case _:
            return False
    return bool(np.min(values) < 0 < np.max(values)) and not _has_steps(divisor)


def _has_steps(node: Node) -> bool:
    return isinstance(node, Call) and (
        node.function in _STEPS or any(_has_steps(each) for each in node.arguments)
    )


def _first(bad: NDArray[np.bool_], values: Mapping[str, AnyArray]) -> str:
    """The names' values where something is bad for the first time; empty if nowhere."""
    shape = np.broadcast_shapes(*(each.shape for each in values.values()))
    where = np.flatnonzero(np.broadcast_to(bad, shape))
    if not len(where):
        return ""
    index = np.unravel_index(where[0], shape)
    at = {name: float(np.broadcast_to(each, shape)[index]) for name, each in values.items()}
    return ", ".join(f"{name} = {number_text(value)}" for name, value in at.items())


def _piece(node: Node) -> str:
    match node:
        case Call():
            return f"'{node.function.replace(NEGATIVE, '-')}'"
        case Name():
            return f"'{node.name}'"
    return f"'{node.value:g}'"

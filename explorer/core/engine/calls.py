"""Which PyTorch calls have instructions, and which these are.

A note gets a tracer, what the call has made and the call's own arguments. It names every argument
that it heeds; a call with another one is not noted, and fails with a `TypeError`.
"""

from collections.abc import Callable, Sequence
from numbers import Real
from types import MappingProxyType
from typing import Any, Protocol

from torch import Tensor

from explorer.core.engine.layout import Op
from explorer.core.engine.recording import Recording, UnsupportedError, View


class Notebook(Protocol):
    """Where notes are taken; see `tracing.Tracer`."""

    @property
    def recording(self) -> Recording:
        """What was noted so far."""

    def made(self, tensor: Tensor) -> View:
        """Where a tensor lies that the call has just made."""

    def view(self, tensor: Tensor) -> View:
        """Where a tensor lies."""

    def broadcast(self, tensor: Tensor, shape: Sequence[int]) -> View:
        """Where a tensor lies once it has another shape."""

    def note(
        self, op: Op, out: View, *inputs: View, scalars: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        """Add an instruction."""


def _number(value: Any) -> float:
    """A number that stands in the call.

    Raises:
        UnsupportedError: it is a tensor, whose value is not known, or no real number.
    """
    if not isinstance(value, Real):
        raise UnsupportedError(f"{type(value).__name__} in the place of a number")
    return float(value)


def _all_reduce(to: Notebook, out: Tensor, parts: Tensor) -> None:
    if parts.dim() != 2 or not parts.is_contiguous():
        raise UnsupportedError("a sum over threads of other than contiguous rows")
    to.note(Op.ALL_REDUCE, to.made(out), to.view(parts))


def _matmul(to: Notebook, out: Tensor, a: Tensor, other: Tensor) -> None:
    if a.dim() < 2 or other.dim() < 2 or out.dim() > 3:
        raise UnsupportedError("matmul of other than matrices or one batch of them")
    batch = out.shape[:-2]
    to.note(
        Op.MATMUL,
        to.made(out),
        to.broadcast(a, (*batch, *a.shape[-2:])),
        to.broadcast(other, (*batch, *other.shape[-2:])),
    )


def _constant(value: float) -> Callable[..., None]:
    def note(to: Notebook, out: Tensor, _like: Tensor) -> None:
        to.recording.constants[to.made(out).storage] = value

    return note


def _unary(op: Op) -> Callable[..., None]:
    def note(to: Notebook, out: Tensor, a: Tensor) -> None:
        to.note(op, to.made(out), to.broadcast(a, out.shape))

    return note


def _relu(to: Notebook, out: Tensor, a: Tensor, inplace: bool = False) -> None:
    if inplace:
        raise UnsupportedError("relu changes a tensor in place")
    _unary(Op.RELU)(to, out, a)


def _lerp(to: Notebook, out: Tensor, a: Tensor, end: Tensor, weight: float) -> None:
    operands = (to.broadcast(each, out.shape) for each in (a, end))
    to.note(Op.LERP, to.made(out), *operands, scalars=(_number(weight), 0.0))


def _threshold(to: Notebook, out: Tensor, a: Tensor, b: Tensor, threshold: float) -> None:
    if _number(threshold) != 0:
        raise UnsupportedError("a threshold other than 0")
    to.note(Op.THRESHOLD, to.made(out), *(to.broadcast(each, out.shape) for each in (a, b)))


Operand = Tensor | float


def _sum_of(
    to: Notebook, out: Tensor, a: Tensor, b: Operand, scale_a: float, scale_b: float
) -> None:
    """scale_a·a + scale_b·b, where b may be a number and one scale is 1."""
    if not isinstance(a, Tensor):
        raise UnsupportedError("a number as the first operand")
    if not isinstance(b, Tensor):
        scalars = (scale_a, scale_b * _number(b))
        to.note(Op.AFFINE, to.made(out), to.broadcast(a, out.shape), scalars=scalars)
        return
    first, second, scale = (a, b, scale_b) if scale_a == 1 else (b, a, scale_a)
    operands = (to.broadcast(each, out.shape) for each in (first, second))
    to.note(Op.ADD, to.made(out), *operands, scalars=(scale, 0.0))


def _add(to: Notebook, out: Tensor, a: Tensor, other: Operand, *, alpha: float = 1) -> None:
    _sum_of(to, out, a, other, 1.0, _number(alpha))


def _sub(to: Notebook, out: Tensor, a: Tensor, other: Operand, *, alpha: float = 1) -> None:
    _sum_of(to, out, a, other, 1.0, -_number(alpha))


def _rsub(to: Notebook, out: Tensor, a: Tensor, other: Operand, alpha: float = 1) -> None:
    _sum_of(to, out, a, other, -_number(alpha), 1.0)


def _product_of(op: Op, as_factor: Callable[[float], float]) -> Callable[..., None]:
    """A product or a quotient, whose second operand may be a number."""

    def note(to: Notebook, out: Tensor, a: Tensor, other: Operand) -> None:
        if not isinstance(a, Tensor):
            raise UnsupportedError("a number as the first operand")
        if not isinstance(other, Tensor):
            scalars = (as_factor(_number(other)), 0.0)
            to.note(Op.AFFINE, to.made(out), to.broadcast(a, out.shape), scalars=scalars)
            return
        if op is Op.MULTIPLY and a.numel() == 1:
            a, other = other, a  # the machine is fast where b is one number
        to.note(op, to.made(out), *(to.broadcast(each, out.shape) for each in (a, other)))

    return note


def _reciprocal(number: float) -> float:
    if number == 0:
        raise UnsupportedError("a division by 0")
    return 1 / number


def _copied(to: Notebook, out: Tensor, a: Tensor, *_shape: Any, **_dimensions: int) -> None:
    """A change of shape that no view can make; `out` tells all about it."""
    to.made(out)
    to.note(Op.COPY, to.view(out.view(a.shape)), to.view(a))


def _joined(to: Notebook, out: Tensor, tensors: Sequence[Tensor], dim: int = 0) -> None:
    to.made(out)
    start = 0
    for tensor in tensors:
        part = out.narrow(dim, start, tensor.shape[dim])
        to.note(Op.COPY, to.view(part), to.view(tensor))
        start += tensor.shape[dim]


def _stacked(to: Notebook, out: Tensor, tensors: Sequence[Tensor], dim: int = 0) -> None:
    to.made(out)
    for i, tensor in enumerate(tensors):
        to.note(Op.COPY, to.view(out.select(dim, i)), to.view(tensor))


def _sum(mean: bool) -> Callable[..., None]:
    def note(
        to: Notebook,
        out: Tensor,
        a: Tensor,
        dim: int | tuple[int, ...] | None = None,
        keepdim: bool = False,
    ) -> None:
        over = range(a.dim()) if dim is None else (dim,) if isinstance(dim, int) else dim
        to.made(out)
        kept = out
        if not keepdim:
            for d in sorted(d % a.dim() for d in over):
                kept = kept.unsqueeze(d)
        count = a.numel() // max(out.numel(), 1)
        scale = 1.0 if not mean else 1 / count if count else float("nan")
        to.note(Op.FILL, to.view(out), scalars=(0.0 * scale, 0.0))
        to.note(Op.ACCUMULATE, to.broadcast(kept, a.shape), to.view(a), scalars=(scale, 0.0))

    return note


NOTES: MappingProxyType[str, Callable[..., None]] = MappingProxyType(
    {
        "all_reduce": _all_reduce,
        "matmul": _matmul,
        "zeros_like": _constant(0.0),
        "ones_like": _constant(1.0),
        "clone": _unary(Op.COPY),
        "contiguous": _unary(Op.COPY),
        "flatten": _copied,
        "reshape": _copied,
        "relu": _relu,
        "tanh": _unary(Op.TANH),
        "sqrt": _unary(Op.SQRT),
        "add": _add,
        "sub": _sub,
        "rsub": _rsub,
        "mul": _product_of(Op.MULTIPLY, float),
        "div": _product_of(Op.DIVIDE, _reciprocal),
        "lerp": _lerp,
        "threshold_backward": _threshold,
        "cat": _joined,
        "stack": _stacked,
        "sum": _sum(mean=False),
        "mean": _sum(mean=True),
    }
)

"""A PyTorch function as a list of instructions, read off while it runs once.

The function is called on example tensors, and every PyTorch call that it makes is noted with
where its operands lie: views cost nothing, since only storages, offsets and strides are kept.
What it computes may depend on the values of its tensors, but which calls it makes may not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, auto
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from explorer.core.base.cancellation import check_wanted


class UnsupportedError(Exception):
    """The function makes a call that has no instruction."""


class Op(IntEnum):
    """What an instruction does to its operands a and b with its scalars s and t."""

    MATMUL = 0  # matrix product ab, summed over what a and b share
    FILL = auto()  # s
    COPY = auto()  # a
    AFFINE = auto()  # s·a + t
    RELU = auto()
    TANH = auto()
    SQRT = auto()
    ADD = auto()  # a + s·b
    MULTIPLY = auto()
    DIVIDE = auto()
    LERP = auto()  # a + s·(b − a)
    THRESHOLD = auto()  # a where b > 0, elsewhere 0
    ACCUMULATE = auto()  # adds s·a to what is there; broadcast outputs are sums
    TOGETHER = auto()  # the sum of a over all threads that run the loop


@dataclass(frozen=True)
class View:
    """Where a tensor's elements lie: a storage by number, and offset and strides in elements."""

    storage: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class Instruction:
    """One operation on views; unused operands equal the first, unused scalars are 0."""

    op: Op
    out: View
    inputs: tuple[View, ...] = ()
    scalars: tuple[float, float] = (0.0, 0.0)


@dataclass
class Recording:
    """Everything that a function did.

    Attributes:
        instructions: in the order of their execution.
        sizes: of each storage, in elements.
        constants: storages that hold one value throughout.
        inputs: the function's tensors as given.
        outputs: the tensors that it returned.
    """

    instructions: list[Instruction] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    constants: dict[int, float] = field(default_factory=dict)
    inputs: list[View] = field(default_factory=list)
    outputs: list[View] = field(default_factory=list)


class _Recorder(TorchFunctionMode):
    """Runs every call as usual and notes it."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.recording = Recording()
        self._dtype = dtype
        self._numbers: dict[int, int] = {}
        self._alive: list[Tensor] = []  # a storage that is freed could give its address to another

    def knows(self, tensor: Tensor) -> bool:
        """Whether the tensor is, or looks at, one that was seen before."""
        return tensor.untyped_storage()._cdata in self._numbers

    def view(self, tensor: Tensor) -> View:
        """Where a tensor lies."""
        if tensor.dtype != self._dtype:
            raise UnsupportedError(f"a tensor of {tensor.dtype} among {self._dtype}")
        storage = tensor.untyped_storage()
        number = self._numbers.setdefault(storage._cdata, len(self._numbers))
        if number == len(self.recording.sizes):
            self.recording.sizes.append(storage.nbytes() // tensor.element_size())
            self._alive.append(tensor)
        return View(number, int(tensor.storage_offset()), tuple(tensor.shape), tensor.stride())

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one call and note what it does."""
        check_wanted()
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        name = getattr(func, "__name__", str(func))
        if (name.endswith("_") and not name.endswith("__")) or name in _IN_PLACE:
            raise UnsupportedError(f"{name} changes a tensor in place")
        if isinstance(out, Tensor) and not self.knows(out):
            note = _NOTES.get(name.removeprefix("__").removesuffix("__"))
            if note is None:
                raise UnsupportedError(f"no instruction for {name}")
            note(self, out, *args, **kwargs)
        return out

    def note(
        self, op: Op, out: View, *inputs: View, scalars: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        """Add an instruction."""
        self.recording.instructions.append(Instruction(op, out, inputs, scalars))

    def spread(self, tensor: Tensor, shape: Sequence[int]) -> View:
        """Where a tensor lies once it is broadcast."""
        return self.view(tensor.expand(tuple(shape)))


_IN_PLACE = {"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__"}


def record(function: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor]) -> Recording:
    """Call a function once and tell what it did.

    Args:
        function: takes the inputs and returns tensors.
        inputs: examples, all of one dtype.

    Raises:
        UnsupportedError: it makes a call that has no instruction.
    """
    recorder = _Recorder(inputs[0].dtype)
    recorder.recording.inputs = [recorder.view(tensor) for tensor in inputs]
    with torch.no_grad(), recorder:
        outputs = function(*inputs)
    recorder.recording.outputs = [recorder.view(tensor) for tensor in outputs]
    return recorder.recording


def _together(to: _Recorder, out: Tensor, a: Tensor) -> None:
    if not a.is_contiguous():
        raise UnsupportedError("a sum over threads of what is not contiguous")
    to.note(Op.TOGETHER, to.view(out), to.view(a))


def _matmul(to: _Recorder, out: Tensor, a: Tensor, b: Tensor) -> None:
    if a.dim() < 2 or b.dim() < 2 or out.dim() > 3:
        raise UnsupportedError("matmul of other than matrices or one batch of them")
    batch = out.shape[:-2]
    to.note(
        Op.MATMUL,
        to.view(out),
        to.spread(a, (*batch, *a.shape[-2:])),
        to.spread(b, (*batch, *b.shape[-2:])),
    )


def _constant(value: float) -> Callable[..., None]:
    def note(to: _Recorder, out: Tensor, *_args: Any, **_kwargs: Any) -> None:
        to.recording.constants[to.view(out).storage] = value

    return note


def _unary(op: Op) -> Callable[..., None]:
    def note(to: _Recorder, out: Tensor, a: Tensor, *_args: Any, **_kwargs: Any) -> None:
        to.note(op, to.view(out), to.spread(a, out.shape))

    return note


def _binary(op: Op, scale: float = 0.0) -> Callable[..., None]:
    def note(to: _Recorder, out: Tensor, a: Tensor, b: Tensor, s: float = scale) -> None:
        operands = (to.spread(each, out.shape) for each in (a, b))
        to.note(op, to.view(out), *operands, scalars=(s, 0.0))

    return note


def _threshold(to: _Recorder, out: Tensor, a: Tensor, b: Tensor, threshold: float) -> None:
    if threshold != 0:
        raise UnsupportedError("a threshold other than 0")
    _binary(Op.THRESHOLD)(to, out, a, b)


def _arithmetic(
    op: Op, scale: float, with_number: Callable[[float], tuple[float, float]]
) -> Callable[..., None]:
    """An operation whose second operand may be a number: s·a + t then."""

    def note(to: _Recorder, out: Tensor, a: Tensor, b: Tensor | float) -> None:
        if isinstance(a, Tensor) and isinstance(b, Tensor):
            if op is Op.MULTIPLY and a.numel() == 1:
                a, b = b, a  # the machine is fast where b is one number
            _binary(op, scale)(to, out, a, b)
        elif isinstance(a, Tensor):
            to.note(Op.AFFINE, to.view(out), to.spread(a, out.shape), scalars=with_number(float(b)))
        else:
            raise UnsupportedError("a number as the first operand")

    return note


def _copied(to: _Recorder, out: Tensor, a: Tensor, *_args: Any, **_kwargs: Any) -> None:
    """A change of shape that no view can make."""
    to.note(Op.COPY, to.view(out.view(a.shape)), to.view(a))


def _joined(to: _Recorder, out: Tensor, tensors: Sequence[Tensor], dim: int = 0) -> None:
    start = 0
    for tensor in tensors:
        part = out.narrow(dim, start, tensor.shape[dim])
        to.note(Op.COPY, to.view(part), to.view(tensor))
        start += tensor.shape[dim]


def _stacked(to: _Recorder, out: Tensor, tensors: Sequence[Tensor], dim: int = 0) -> None:
    for i, tensor in enumerate(tensors):
        to.note(Op.COPY, to.view(out.select(dim, i)), to.view(tensor))


def _sum(mean: bool) -> Callable[..., None]:
    def note(
        to: _Recorder,
        out: Tensor,
        a: Tensor,
        dim: int | tuple[int, ...] | None = None,
        keepdim: bool = False,
    ) -> None:
        over = range(a.dim()) if dim is None else (dim,) if isinstance(dim, int) else dim
        kept = out
        if not keepdim:
            for d in sorted(d % a.dim() for d in over):
                kept = kept.unsqueeze(d)
        count = a.numel() // max(out.numel(), 1)
        scale = 1.0 if not mean else 1 / count if count else float("nan")
        to.note(Op.FILL, to.view(out), scalars=(0.0 * scale, 0.0))
        to.note(Op.ACCUMULATE, to.spread(kept, a.shape), to.view(a), scalars=(scale, 0.0))

    return note


_NOTES: MappingProxyType[str, Callable[..., None]] = MappingProxyType(
    {
        "together": _together,
        "matmul": _matmul,
        "zeros_like": _constant(0.0),
        "ones_like": _constant(1.0),
        "clone": _unary(Op.COPY),
        "contiguous": _unary(Op.COPY),
        "flatten": _copied,
        "reshape": _copied,
        "relu": _unary(Op.RELU),
        "tanh": _unary(Op.TANH),
        "sqrt": _unary(Op.SQRT),
        "add": _arithmetic(Op.ADD, 1.0, lambda number: (1.0, number)),
        "sub": _arithmetic(Op.ADD, -1.0, lambda number: (1.0, -number)),
        "rsub": _arithmetic(Op.ADD, -1.0, lambda number: (-1.0, number)),
        "mul": _arithmetic(Op.MULTIPLY, 0.0, lambda number: (number, 0.0)),
        "div": _arithmetic(Op.DIVIDE, 0.0, lambda number: (1 / number, 0.0)),
        "lerp": _binary(Op.LERP),
        "threshold_backward": _threshold,
        "cat": _joined,
        "stack": _stacked,
        "sum": _sum(mean=False),
        "mean": _sum(mean=True),
    }
)

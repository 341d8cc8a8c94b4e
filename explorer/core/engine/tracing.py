"""Traces a PyTorch function: it runs once, on examples, and every call that it makes is noted.

Views cost nothing, since only storages, offsets and strides are kept. What the function computes
may depend on the values of its tensors, but which calls it makes, and with which numbers, may not.
So whatever could bring in a value of the example is refused, and the function then runs as
ordinary Python:

- a call that has no instruction, or that is given an argument which its instruction ignores;
- a result that is neither a tensor nor a question about shapes, such as that of ``float(a)``;
- a tensor that the function did not get as an input and that no noted call made;
- a tensor that is changed in place, of another dtype, or not an ordinary one.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from explorer.core.base.cancellation import CancelledWorkError, check_cancelled
from explorer.core.engine import collective
from explorer.core.engine.calls import NOTES
from explorer.core.engine.layout import Op
from explorer.core.engine.recording import Instruction, Recording, UnsupportedError, View

# What may be asked of a tensor because no answer depends on its values. Strides are missing: those
# of an example need not be those of the tensors that are computed with later.
_SHAPE_QUERIES = frozenset(
    {
        "__len__", "device", "dim", "dtype", "element_size", "is_complex", "is_contiguous",
        "is_floating_point", "is_same_size", "is_sparse", "itemsize", "layout", "nbytes",
        "ndim", "ndimension", "nelement", "numel", "requires_grad", "shape", "size",
    }
)  # fmt: skip
_SETS_GRADIENTS = "_set_grad_enabled"  # what `torch.no_grad` calls
_LAYOUT_DEPENDENT = frozenset({"as_strided"})
_HOMES = (
    Tensor,
    torch,
    torch.ops.aten,
    torch.nn.functional,
    collective,
)  # of the functions that have notes


class Tracer(TorchFunctionMode):
    """Runs every call as usual and notes it.

    Attributes:
        recording: what was noted so far.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.recording = Recording()
        self._dtype = dtype
        self._numbers: dict[int, int] = {}
        self._alive: list[Tensor] = []  # a storage that is freed could give its address to another

    def begin(self, inputs: Sequence[Tensor]) -> None:
        """Take tensors for the function's inputs."""
        self.recording.inputs = [self.made(tensor) for tensor in inputs]

    def end(self, outputs: Sequence[Any]) -> None:
        """Take tensors for the function's outputs."""
        self.recording.outputs = [self.view(tensor) for tensor in outputs]

    def _knows(self, tensor: Tensor) -> bool:
        """Whether the tensor is, or looks at, one that was seen before."""
        return tensor.untyped_storage()._cdata in self._numbers

    def made(self, tensor: Tensor) -> View:
        """Where a tensor lies that an input or an instruction has just brought."""
        if not self._knows(tensor):
            storage = tensor.untyped_storage()
            self._numbers[storage._cdata] = len(self._numbers)
            self.recording.sizes.append(storage.nbytes() // tensor.element_size())
            self._alive.append(tensor)
        return self.view(tensor)

    def view(self, tensor: Tensor) -> View:
        """Where a tensor lies.

        Raises:
            UnsupportedError: nobody knows what is in it.
        """
        self._check(tensor)
        number = self._numbers[tensor.untyped_storage()._cdata]
        return View(number, int(tensor.storage_offset()), tuple(tensor.shape), tensor.stride())

    def broadcast(self, tensor: Tensor, shape: Sequence[int]) -> View:
        """Where a tensor lies once it has another shape."""
        return self.view(tensor.expand(tuple(shape)))

    def note(
        self, op: Op, out: View, *inputs: View, scalars: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        """Add an instruction."""
        largest = torch.finfo(self._dtype).max
        if any(largest < abs(scalar) < float("inf") for scalar in scalars):
            raise UnsupportedError(f"a number that {self._dtype} cannot hold")
        self.recording.instructions.append(Instruction(op, out, inputs, scalars))

    def _check(self, tensor: Any) -> None:
        """Refuse what cannot be known or has no place in the memory."""
        if not isinstance(tensor, Tensor):
            raise UnsupportedError(f"{type(tensor).__name__} in the place of a tensor")
        if tensor.dtype != self._dtype:
            raise UnsupportedError(f"a tensor of {tensor.dtype} among {self._dtype}")
        if not self._knows(tensor):
            raise UnsupportedError("a tensor that is neither an input nor computed from one")
        if tensor.is_neg():
            raise UnsupportedError("a view that changes signs")

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one call and note what it does."""
        check_cancelled()
        kwargs = kwargs or {}
        name = _name(func)
        if name in _SHAPE_QUERIES or name == _SETS_GRADIENTS:
            return func(*args, **kwargs)
        operands = list(_tensors((args, kwargs)))
        for operand in operands:
            self._check(operand)
        versions = [operand._version for operand in operands]
        out = func(*args, **kwargs)
        if versions != [operand._version for operand in operands] or _is_in_place(name):
            raise UnsupportedError(f"{name} changes a tensor in place")
        self._take(func, name, out, args, kwargs)
        return out

    def _take(
        self,
        func: Callable[..., Any],
        name: str,
        out: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        """Note what a call has made, unless it only looks at what is there."""
        if isinstance(out, Tensor) and not self._knows(out):
            note = NOTES.get(name.strip("_"))
            if note is None or all(getattr(home, name, None) is not func for home in _HOMES):
                raise UnsupportedError(f"no instruction for {name}")
            try:
                note(self, out, *args, **kwargs)
            except TypeError as error:  # an argument that the note does not name
                raise UnsupportedError(f"no instruction for {name} called so") from error
            return
        views = out if isinstance(out, tuple | list) else (out,)
        for view in views:
            if not isinstance(view, Tensor):
                raise UnsupportedError(f"{name} hands out values of a tensor")
            self._check(view)
        if name in _LAYOUT_DEPENDENT:
            raise UnsupportedError(f"{name} depends on where elements lie")


def _name(func: Callable[..., Any]) -> str:
    """What a function or a property is called."""
    name: str = getattr(func, "__name__", str(func))
    if name in {"__get__", "__set__"}:
        return str(getattr(getattr(func, "__self__", None), "__name__", name))
    return name


def _is_in_place(name: str) -> bool:
    return (name.endswith("_") and not name.endswith("__")) or name == "__setitem__"


def _tensors(of: Any) -> Iterator[Tensor]:
    """Every tensor in a call's arguments."""
    if isinstance(of, Tensor):
        yield of
    elif isinstance(of, tuple | list | set):
        for each in of:
            yield from _tensors(each)
    elif isinstance(of, dict):
        yield from _tensors(list(of.values()))
    elif isinstance(of, slice):
        yield from _tensors((of.start, of.stop, of.step))


def trace(function: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor]) -> Recording:
    """Call a function once and tell what it did.

    Args:
        function: takes the inputs and returns tensors.
        inputs: examples, all of one dtype.

    Raises:
        UnsupportedError: it does what cannot be repeated as instructions, or fails on the examples.
        CancelledWorkError: nobody waits for it any more.
    """
    tracer = Tracer(inputs[0].dtype)
    tracer.begin(inputs)
    try:
        with torch.no_grad(), tracer:
            outputs = function(*inputs)
        tracer.end(outputs)
    except (CancelledWorkError, UnsupportedError):
        raise
    except Exception as error:  # as ordinary Python it may go well, or fail where all can see it
        reason = str(error).strip().partition("\n")[0]
        raise UnsupportedError(f"{type(error).__name__} on zeros: {reason}") from error
    return tracer.recording

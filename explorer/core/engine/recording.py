"""What a traced function did: a list of instructions on parts of storages."""

from dataclasses import dataclass, field

from explorer.core.engine.layout import Op


class UnsupportedError(Exception):
    """The function does what no list of instructions can repeat."""


@dataclass(frozen=True)
class View:
    """Where a tensor's elements lie: a storage by number, and offset and strides in elements."""

    storage: int
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __str__(self) -> str:
        """As storage and shape: ``#3[10, 40]``."""
        return f"#{self.storage}{list(self.shape)}"


@dataclass(frozen=True)
class Instruction:
    """One operation on views; unused operands equal the first, unused scalars are 0."""

    op: Op
    out: View
    inputs: tuple[View, ...] = ()
    scalars: tuple[float, float] = (0.0, 0.0)

    def __str__(self) -> str:
        """As result, operation, operands and what scalars there are."""
        words = [str(self.out), "=", self.op.name, *map(str, self.inputs)]
        return " ".join([*words, *(f"{s:g}" for s in self.scalars if s)])


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

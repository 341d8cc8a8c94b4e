"""Runs loops of PyTorch functions outside the interpreter, at the speed of compiled code.

`recording` reads a function off while it runs once, `passes` leave out what costs time for
nothing, and `program` lays out the rest in memory. `machine` runs that, with the innermost loops of
`products` and `lines`, in one thread or in several that wait for each other as `meeting` tells;
`build` compiles it and `native` loads what it left. `loop` puts all of them together.
"""

from explorer.core.engine.access import may_begin_plainly
from explorer.core.engine.collective import all_reduce
from explorer.core.engine.loop import Loop, Tensors
from explorer.core.engine.status import STATUS, State

__all__ = ["STATUS", "Loop", "State", "Tensors", "all_reduce", "may_begin_plainly"]

"""Runs loops of PyTorch functions outside the interpreter, at the speed of compiled code.

`recording` reads a function off while it runs once, `program` lays out what it does in memory,
`machine` runs that, with the innermost loops of `kernels`, in one thread or in several that wait
for each other as `meeting` tells, and `loop` puts them together.
"""

from explorer.core.engine.loop import Loop, Tensors, together

__all__ = ["Loop", "Tensors", "together"]

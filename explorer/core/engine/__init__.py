"""Runs loops of PyTorch functions outside the interpreter, at the speed of compiled code.

`recording` reads a function off while it runs once, `program` lays out what it does in memory,
`machine` runs that, with the kernels of `tile`, and `loop` puts them together.
"""

from explorer.core.engine.loop import Loop, Tensors

__all__ = ["Loop", "Tensors"]

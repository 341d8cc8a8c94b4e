r"""Runs loops of PyTorch functions outside Python, at the speed of compiled code.

PyTorch calls on small matrices cost more than the work in them, and each of them takes Python's
lock, for which it waits while a window paints. So the body of a loop is not called again and again:
it is traced once, and then a compiled interpreter, the machine, repeats what it did. Nothing here
knows of learners or networks. Here is a body of five lines, gradient descent on a linear model:

>>> import torch
>>> def body(carried, given, fixed):
...     (w,), (x,), (y,) = carried, given, fixed
...     error = torch.matmul(x, w) - y
...     gradient = torch.matmul(x.mT, error)
...     w = w - 0.1 * gradient
...     return (w,), ((error * error).sum(),)

**Tracing.** `tracing` calls the body once, on zeros of the right shapes, and sees every PyTorch
call. `calls` knows what each of them does in terms of a few operations (`layout.Op`). The result is
a `recording`: instructions on storages, here #0 for w, #1 for x and #2 for y. Views such as
``x.mT`` are no instructions, only other strides.

>>> from explorer.core.engine import layout, passes, program, tracing
>>> def function(w, x, y):
...     (onward,), (loss,) = body((w,), (x,), (y,))
...     return [onward, loss]
>>> recording = tracing.trace(function, [torch.zeros(2, 1), torch.zeros(3, 2), torch.zeros(3, 1)])
>>> print(*recording.instructions, sep="\n")
#3[3, 1] = MATMUL #1[3, 2] #0[2, 1]
#4[3, 1] = ADD #3[3, 1] #2[3, 1] -1
#5[2, 1] = MATMUL #1[2, 3] #4[3, 1]
#6[2, 1] = AFFINE #5[2, 1] 0.1
#7[2, 1] = ADD #0[2, 1] #6[2, 1] -1
#8[3, 1] = MULTIPLY #4[3, 1] #4[3, 1]
#9[] = FILL
#9[3, 1] = ACCUMULATE #8[3, 1] 1

What could bring a value of these zeros into the recording is refused, such as
``float(error.sum())`` (see `tracing`). With ``MAML_EXPLORER_CHECK=1`` in the environment the first
round of every program is compared with Python, for those who change any of this (`checking`).

**Passes.** `passes` give each output a storage of its own, #10 and #11, let results be written
there at once, join a multiple with the sum that needs it, and leave out what nobody needs.

>>> simple = passes.simplified(recording)
>>> print(*simple.instructions, sep="\n")
#3[3, 1] = MATMUL #1[3, 2] #0[2, 1]
#4[3, 1] = ADD #3[3, 1] #2[3, 1] -1
#5[2, 1] = MATMUL #1[2, 3] #4[3, 1]
#10[2, 1] = ADD #0[2, 1] #5[2, 1] -0.1
#8[3, 1] = MULTIPLY #4[3, 1] #4[3, 1]
#11[] = FILL
#11[3, 1] = ACCUMULATE #8[3, 1] 1

**Layout.** `program` gives every storage a place in one array, the memory, where those that are not
needed at the same time share one (#3, #5 and #8 are all at 80), and writes a table of integers with
one row for each instruction (`layout.Row`): operation, places, sizes and strides of its loops.

>>> table = program.assemble(recording).table
>>> for row in table:
...     print(layout.Op(row[0]).name, *row[[layout.Row.OUT, layout.Row.A, layout.Row.B]])
MATMUL 80 16 0
ADD 96 80 32
MATMUL 80 96 16
ADD 48 0 80
MULTIPLY 80 96 96
FILL 64 64 64
ACCUMULATE 64 80 80

The second product, xᵀe for the error e, is computed as eᵀx: a row is faster than a column.

**Run.** `interpreter` is a loop over rounds and rows: it copies in what the round is given, goes
through the table, copies out what the round made, and moves what is carried on to where the next
round looks for it. The inner loops are in `matmul` and `elementwise`, made of the `vectors` of the
processor; `barrier` lets threads wait for each other where they sum (`all_reduce`). `loop` does all
of this for a body:

>>> x, y = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), torch.tensor([[1.0], [2.0], [3.0]])
>>> (w,), (losses,) = Loop(body).run((torch.zeros(2, 1),), (x.expand(4, 3, 2),), (y,))
>>> [round(loss, 2) for loss in losses.tolist()]
[14.0, 7.02, 3.57, 1.85]

**The machine is compiled once** for the processor at hand, by Numba and LLVM in a process of its
own (`build`). This takes some ten seconds after an installation. The code is kept in the user's
cache and loaded by LLVM alone (`native`); other versions of these files or of Numba, and other
processors, have code of their own. It is tested on Linux and x86-64 with AVX2, and its tiles have
the size of AVX2's sixteen registers. Nothing in it is bound to these: LLVM compiles it for other
processors, such as ARM64, and for macOS and Windows too. That is untested, and it may be slower.

**The same bits everywhere.** What a loop comes to depends neither on the number of threads nor on
how wide the vectors of the processor are. `all_reduce` adds what threads bring in one order; the
parts must be the same, whoever brings them, and that is the body's business. Vectors have
`layout.LANES` numbers, in as many registers as that takes; their lanes are added in one order;
where x + s·y is rounded once, the machine asks for it by name (`vectors.scaled_sum`); and tanh is
its own (`hyperbolic`). Old x86 processors, without FMA, cannot round so and come to other bits;
`arithmetic` tells which it is.

**Without the machine** every loop runs as ordinary Python, several times slower, to the same
numbers but for rounding. This is so where Numba or LLVM is missing or fails, where the code crashes
when `build` tries it out, where a body cannot be recorded, where the environment says
``MAML_EXPLORER_ENGINE=off``, and in a window until the machine is compiled (`access`). `status`
knows which of these it is, so that the status line and the command line can say it.
"""

from explorer.core.engine.access import arithmetic, may_begin_plainly
from explorer.core.engine.collective import all_reduce
from explorer.core.engine.loop import Loop, Tensors
from explorer.core.engine.status import STATUS, State

__all__ = [
    "STATUS", "Loop", "State", "Tensors", "all_reduce", "arithmetic", "may_begin_plainly",
]  # fmt: skip

"""How much arithmetic a meta-iteration is, and how fast this core does arithmetic."""

from collections.abc import Sequence
from itertools import pairwise

import torch

from explorer.core.experiment.settings import Settings

SIDE = 1024  # of the square matrices whose product shows the core's peak


def product(rows: int, inner: int, columns: int) -> int:
    """Multiplications and additions of a matrix product."""
    return 2 * rows * inner * columns


def pass_flops(sizes: Sequence[int], points: int) -> int:
    """One task's forward pass, backward pass and gradient, biases as a row of the weights.

    Three products per layer; the first has no delta to pass back, and biases pass none back.
    """
    total = 0
    for i, (n, m) in enumerate(pairwise(sizes)):
        forward = gradient = product(points, n + 1, m)
        total += forward + gradient + (product(points, m, n) if i else 0)
    return total


def hessian_vector_flops(sizes: Sequence[int], points: int) -> int:
    """One task's Hessian-vector product, given the pass of `pass_flops` at the same θ.

    R{z} = R{h}W + hV and R{δ} = R{δ}Wᵀ + δVᵀ are two products each, R{h}ᵀδ + hᵀR{δ} two more; the
    first layer has no R{h}, and none of the products with which the deltas go back.
    """
    total = 0
    for i, (n, m) in enumerate(pairwise(sizes)):
        along_v = product(points, n + 1, m)
        outer = product(points, n + 1, m)
        total += along_v + outer
        if i:
            # R{h}W and R{h}ᵀδ, without a bias row since R{1} = 0; R{δ}Wᵀ and δVᵀ.
            total += 2 * product(points, n, m) + 2 * product(points, m, n)
    return total


def meta_iteration_flops(settings: Settings) -> int:
    """Floating-point operations in the matrix products of one meta-iteration of MAML.

    Counted is the exact second-order meta-gradient in closed form with every task's adapted
    weights formed: for each of T tasks, S passes over the K support points, one pass over the
    query points, and S Hessian-vector products on the support points. Elementwise work (σ, σ′,
    the inner step, Adam, drawing tasks) is left out: it is of lower order.
    """
    sizes = [1, *settings.hidden, 1]
    support = pass_flops(sizes, settings.shots) + hessian_vector_flops(sizes, settings.shots)
    per_task = settings.inner_steps * support + pass_flops(sizes, settings.query)
    return settings.meta_batch * per_task


class SquareProduct:
    """A product of two square matrices, the arithmetic a processor does fastest."""

    flops = product(SIDE, SIDE, SIDE)

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self.left, self.right = torch.rand(2, SIDE, SIDE, generator=generator)
        self.out = torch.empty(SIDE, SIDE)

    def __call__(self) -> None:
        """Multiply once."""
        torch.mm(self.left, self.right, out=self.out)

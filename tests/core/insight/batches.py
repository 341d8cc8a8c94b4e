"""The batch on which the numbers of a meta-iteration were measured before there was a program."""

import numpy as np
import torch

from explorer.core.families.sampling import Batch
from explorer.core.families.sine import sine


def prototype(tasks: int) -> Batch:
    """The first of 512 tasks: A, φ, support and query inputs from one generator, in float64."""
    draws = np.random.default_rng(100)
    amplitude, phase = draws.uniform(0.1, 5, 512), draws.uniform(0, np.pi, 512)
    both = [torch.from_numpy(draws.uniform(-5, 5, (512, 10)))[:tasks, :, None] for _ in range(2)]
    task = torch.from_numpy(np.stack([amplitude, phase], -1))[:tasks, None]
    support, query = ((x, sine(x, task[..., :1], task[..., 1:])) for x in both)
    return Batch(*support, *query, task)

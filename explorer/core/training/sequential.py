"""Training networks one after the other within the outer loop.

A meta-iteration of networks on tasks of their own is one step of Adam for each of them. Where they
take turns it is as many steps, all of the network whose turn it is: of T meta-iterations with N
networks, N·T steps in all, network i takes the steps from i·T up to (i + 1)·T. So T cannot be
changed once training has begun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.base.lazy_torch import torch
from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch
from explorer.core.learners import Learner
from explorer.core.training.outer_loop import Adam, Chunk

if TYPE_CHECKING:
    from torch import Tensor


def advance_in_turn(
    rule: Learner, settings: Settings, adam: Adam, iteration: int, batch: Batch, chunk: Chunk
) -> tuple[Adam, Tensor]:
    """As many meta-iterations as there are batches.

    Args:
        rule: the learner.
        settings: its experiment; `iterations` says how long a turn is.
        adam: meta-parameters, m and v ``(M,)`` after so many meta-iterations.
        iteration: so many.
        batch: points ``(iterations, N, K, 1)`` from `own_tasks`.
        chunk: the outer loop.

    Returns:
        Meta-parameters, m and v, and the mean losses of each meta-iteration ``(iterations, 1)``.
    """
    turns = rule.own_tasks
    assert turns is not None
    assert turns.next_network is not None
    assert turns.finished is not None
    iterations, networks = batch.support_x.shape[:2]
    steps = Batch(*(part.flatten(0, 1).unsqueeze(1) for part in batch))
    first, end = iteration * networks, (iteration + iterations) * networks
    shape, inner = rule.network(settings), rule.inner_loop(settings)
    at, losses = first, []
    while at < end:
        network, taken = divmod(at, settings.iterations)
        if taken == 0 and network > 0:
            meta = turns.next_network(adam[0], network, settings)
            adam = meta, torch.zeros_like(meta), torch.zeros_like(meta)
        last = min(end, at - taken + settings.iterations)
        given = Batch(*(part[at - first : last - first] for part in steps))
        (meta, m, v), loss = chunk(*adam, taken, given, shape, inner, settings.beta)
        if last % settings.iterations == 0:
            meta = turns.finished(meta, network)
        adam = meta, m, v
        losses.append(loss)
        at = last
    return adam, torch.cat(losses).view(iterations, networks, -1).mean(1)

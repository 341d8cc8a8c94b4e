"""The plane of a family's tasks: two functions whose span holds every function of the family."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from explorer.core.families.numerics import Array, Values


class TaskPlane(NamedTuple):
    """f = u·b₁ + v·b₂ for every function f of a family: a task is a point (u, v).

    Attributes:
        labels: of u and v, in the family's own symbols.
        basis: b₁ and b₂ at inputs ``(…, K, 1)``: ``(…, K, 2)``.
        place: (u, v) ``(…, 2)`` of tasks ``(…, P)``.
        task_at: the task at (u, v), which may lie outside the family's ranges.
        outline: a closed line around all tasks, ``(N, 2)``.
        fan: tasks that cover the plane evenly, ``(N, P)``, on a mesh.
        mesh: its two sizes, of which the second runs faster.
    """

    labels: tuple[str, str]
    basis: Callable[[Values], Values]
    place: Callable[[Values], Values]
    task_at: Callable[[float, float], tuple[float, ...]]
    outline: Array
    fan: Array
    mesh: tuple[int, int]

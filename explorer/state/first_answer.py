"""The first picture: the sandbox's answer when the window opens, kept in a file of the program.

It shows what the engine is about to compute while the engine is still being loaded.
`explorer.state.make_first_answer` makes the file.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from explorer import resources
from explorer.core.adaptation.trajectory import Trajectory
from explorer.core.base.errors import UserError
from explorer.state.adaptation_query import AdaptationAnswer, AdaptationQuery


def first_answer(question: AdaptationQuery) -> AdaptationAnswer | None:
    """The answer that the program's file holds, if it is one to this question.

    It bears a question of its own, about another `Competitors` of the same networks, so that nobody
    takes it for the engine's answer.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        kept = load_file(resources.resource(resources.FIRST_ANSWER))
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"The program's own file {resources.FIRST_ANSWER} is damaged: install the program "
            "again."
        ) from error
    if question.frozen or question.query_x or question.explained:
        return None
    asked = _numbers(question)
    if kept["asked"].shape != asked.shape or not np.allclose(kept["asked"], asked):
        return None
    if any(f"{role}.mse" not in kept for role in question.roles):
        return None
    trajectories = {
        role: Trajectory(
            _array(kept[f"{role}.prediction"]),
            _array(kept[f"{role}.mse"]),
            _array(kept[f"{role}.support_mse"]),
            None,
        )
        for role in question.roles
    }
    about_others = replace(question, competitors=replace(question.competitors))
    return AdaptationAnswer(
        about_others, _array(kept["grid"]), _array(kept["truth"]), trajectories, {}, {}
    )


def keep(answer: AdaptationAnswer, path: Path) -> None:
    """Write an answer in which nothing has diverged to a file."""
    tensors = {"asked": _numbers(answer.question), "grid": answer.grid, "truth": answer.truth}
    for role, trajectory in answer.trajectories.items():
        tensors[f"{role}.prediction"] = trajectory.prediction
        tensors[f"{role}.mse"] = trajectory.mse
        tensors[f"{role}.support_mse"] = trajectory.support_mse
    # The engine computes in float32, so nothing is lost.
    single = {name: array.astype(np.float32) for name, array in tensors.items()}
    save_file(single, path)


def _numbers(question: AdaptationQuery) -> NDArray[np.float64]:
    """All that a question asks of given networks."""
    q = question
    points = [number for point in q.points for number in (point.x, point.y)]
    return np.array([*q.task, q.alpha, q.steps, *points])


def _array(kept: NDArray[np.float32]) -> NDArray[np.float64]:
    return kept.astype(np.float64)

"""The first picture, which the window shows before the engine is there."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from explorer import resources
from explorer.core.base.errors import UserError
from explorer.state.adaptation_query import AdaptationAnswer, SupportPoint
from explorer.state.first_answer import first_answer, keep
from explorer.state.make_first_answer import make
from explorer.state.sandbox import Sandbox
from explorer.state.workspace import Workspace
from tests.trainers import SMALL


@pytest.fixture(scope="module")
def made(qapp: object) -> AdaptationAnswer:
    """What the engine computes now."""
    return make()


@pytest.fixture
def sandbox(qapp: object) -> Sandbox:
    """The sandbox as the window opens, whose engine is never loaded."""
    return Workspace(SMALL).sandbox


def assert_same(answer: AdaptationAnswer, other: AdaptationAnswer) -> None:
    """Number for number, as far as float32 goes."""
    same = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(answer.grid, other.grid, **same)
    np.testing.assert_allclose(answer.truth, other.truth, **same)
    assert answer.sentences == other.sentences
    assert answer.trajectories.keys() == other.trajectories.keys()
    for role, trajectory in answer.trajectories.items():
        expected = other.trajectories[role]
        np.testing.assert_allclose(trajectory.prediction, expected.prediction, **same)
        np.testing.assert_allclose(trajectory.mse, expected.mse, **same)
        np.testing.assert_allclose(trajectory.support_mse, expected.support_mse, **same)
        assert trajectory.divergence == expected.divergence


def test_it_is_what_the_engine_computes(sandbox: Sandbox, made: AdaptationAnswer) -> None:
    """The shipped file: if this fails, make it anew as resources/README.md says."""
    assert sandbox.answer is not None
    assert_same(sandbox.answer, made)


def test_it_stands_only_until_the_engine_has_answered(sandbox: Sandbox) -> None:
    """It is shown, but not taken for the answer to the present question."""
    assert sandbox.answer is not None
    assert not sandbox.is_current


@pytest.mark.parametrize(
    "change",
    [
        {"task": (3.3, 1.0)},
        {"task": (3.2, 1.1)},
        {"alpha": 0.011},
        {"steps": 11},
        {"points": ()},
        {"points": (SupportPoint(1.0, 2.0, True),)},
        {"roles": frozenset({"maml", "cavia"})},
        {"frozen": frozenset({0})},
        {"query_x": (1.0,)},
        {"explained": "maml"},
    ],
)
def test_another_question_has_no_first_answer(sandbox: Sandbox, change: dict[str, object]) -> None:
    """It is never shown in place of something else."""
    assert first_answer(sandbox.question) is not None
    assert first_answer(replace(sandbox.question, **change)) is None  # type: ignore[arg-type]


def test_other_points_have_no_first_answer(qapp: object) -> None:
    """A seed of one's own draws other points, so the window opens without curves."""
    assert Workspace(SMALL, seed=1).sandbox.answer is None


def test_it_is_kept_and_found_again(
    made: AdaptationAnswer, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that the command writes is the file that the program reads."""
    monkeypatch.setattr(resources, "_FOLDERS", (tmp_path,))
    with pytest.raises(UserError, match="is missing"):
        first_answer(sandbox.question)
    path = tmp_path / resources.FIRST_ANSWER
    keep(made, path)
    found = first_answer(sandbox.question)
    assert found is not None
    assert_same(found, made)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="is damaged: install the program again"):
        first_answer(sandbox.question)

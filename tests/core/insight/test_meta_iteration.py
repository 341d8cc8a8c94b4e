"""One meta-iteration taken apart: against autograd, and against the trainer to the last bit."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from explorer.core.adaptation.inner_loop import adapt
from explorer.core.adaptation.starting_point import StartingPoint
from explorer.core.base.errors import UserError
from explorer.core.families.sampling import Batch
from explorer.core.files.checkpoint import load
from explorer.core.insight import task_gradients as module
from explorer.core.insight.meta_iteration import (
    MetaIteration,
    begun_with,
    meta_iteration,
    why_not,
)
from explorer.core.insight.task_gradients import (
    TaskGradients,
    followed_by,
    take_apart,
    triangle_of,
)
from explorer.core.learners import LEARNERS, MAML
from explorer.core.training.loop import Run, advance, start
from explorer.resources import MAML_CHECKPOINT, resource
from tests.core import reference
from tests.core.insight.batches import prototype
from tests.core.learners import plain
from tests.core.learners.problems import RELATIVE, TASKS, Problem, problem, relative_error
from tests.core.training.runs import SMALL, assert_same_state

EXACT = tuple(name for name, rule in LEARNERS.items() if rule.hessians)
TAKEN_APART = (*EXACT, "first-order")
SHAPES = [(1, False, "relu"), (2, True, "tanh"), (5, False, "tanh")]


def parts(case: Problem) -> TaskGradients:
    return take_apart(case.learner, case.settings, case.meta, case.batch, case.weights)


def query_gradient(case: Problem, task: int, adapted: Tensor) -> Tensor:
    """∇L_query of one task by the weights where it has come to, by autograd."""
    theta = adapted[: case.parameters].clone().requires_grad_()
    x, context = case.batch.query_x[task], adapted[case.parameters :]
    inputs = torch.cat([x, context.expand(len(x), -1)], -1)
    sizes, activation = case.network.sizes, case.settings.activation
    loss = reference.loss(theta, inputs, case.batch.query_y[task], sizes, activation)
    return torch.autograd.grad(loss, theta)[0]


def test_the_fixture() -> None:
    """The shipped network on the first 25 of 512 tasks, as they were measured in NumPy."""
    found = load(resource(MAML_CHECKPOINT))
    assert isinstance(found.start, StartingPoint)
    theta = found.start.theta.double()
    tasks = take_apart(MAML, found.settings, theta, prototype(25))
    before, after = tasks.query_loss.mean(1)
    assert (float(before), float(after)) == pytest.approx((4.455, 0.492), abs=0.0005)
    triangle = tasks.triangle
    assert triangle[:3] == pytest.approx((3.017, 2.947, 2.414), abs=0.0005)
    assert triangle.cosine == pytest.approx(0.429, abs=0.0005)


@pytest.mark.parametrize(("steps", "every_step", "activation"), SHAPES)
@pytest.mark.parametrize("name", EXACT)
def test_the_parts_sum_to_autograd_s(
    name: str, steps: int, every_step: bool, activation: str
) -> None:
    """First-order part and Hessian part, computed apart, are backpropagation's by the weights."""
    case = problem(name, activation=activation, steps=steps, every_step=every_step)
    tasks, expected = parts(case), plain.meta_gradient(case)[: case.parameters]
    assert tasks.full.shape == (TASKS, case.parameters)
    assert relative_error(tasks.full.mean(0), expected) < RELATIVE
    assert tasks.hessian.norm() > 0.01 * tasks.first_order.norm()
    assert torch.equal(tasks.followed, tasks.full)


@pytest.mark.parametrize(("steps", "every_step", "activation"), SHAPES)
@pytest.mark.parametrize("name", TAKEN_APART)
def test_the_first_part_is_the_query_gradient_at_the_end(
    name: str, steps: int, every_step: bool, activation: str
) -> None:
    """Of each task by autograd where it has come to, weighted over the steps that are judged."""
    case = problem(name, activation=activation, steps=steps, every_step=every_step)
    tasks = parts(case)
    weights = [0.0] * (steps - 1) + [1.0] if case.weights is None else case.weights.tolist()
    for task in range(TASKS):
        expected = sum(
            weight * query_gradient(case, task, adapted[task])
            for weight, adapted in zip(weights, tasks.adapted[1:], strict=True)
        )
        assert isinstance(expected, Tensor)
        assert relative_error(tasks.first_order[task], expected) < RELATIVE


@pytest.mark.parametrize("name", TAKEN_APART)
@pytest.mark.parametrize("every_step", [False, True])
def test_what_is_followed_is_the_learner_s(name: str, every_step: bool) -> None:
    """Its file says truly whether it takes the Hessians along."""
    case = problem(name, every_step=every_step)
    expected = case.gradient()[: case.parameters]
    followed = parts(case).followed
    assert relative_error(followed.mean(0), expected) < RELATIVE
    if not every_step:
        quickly = followed_by(case.learner, case.settings, case.meta, case.batch)
        assert relative_error(quickly, followed) < RELATIVE


@pytest.mark.parametrize("name", TAKEN_APART)
def test_every_task_is_adapted(name: str) -> None:
    """As in the sandbox, with the losses on the way; curves are those of these networks."""
    case = problem(name, steps=3)
    tasks, grid = parts(case), torch.linspace(-2, 2, 7, dtype=torch.float64)
    support = case.batch.support_x, case.batch.support_y
    alpha = case.settings.effective_alpha
    curves = tasks.curves(grid)
    assert curves.shape == (4, TASKS, 7)
    assert len(tasks.support_gradients) == len(tasks.support_loss) == 3
    for step in adapt(case.start, *support, grid, alpha=alpha, steps=3):
        assert step.theta is not None
        torch.testing.assert_close(tasks.adapted[step.step], step.theta)
        torch.testing.assert_close(curves[step.step], step.prediction)
        if step.step < 3:
            torch.testing.assert_close(tasks.support_loss[step.step], step.support_loss)
    on_query = adapt(case.start, *support, case.batch.query_x[..., 0], alpha=alpha, steps=3)
    for step in on_query:
        errors = (step.prediction - case.batch.query_y[..., 0]).square().mean(-1)
        torch.testing.assert_close(tasks.query_loss[step.step], errors)


def test_the_triangle_closes() -> None:
    """Its corners lie as far apart as the parts and their sum are long."""
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 50, generator=generator, dtype=torch.float64)
    triangle = triangle_of(a, b)
    start, end_of_a, end = map(np.array, triangle.corners)
    lengths = [np.linalg.norm(each) for each in (end_of_a - start, end - end_of_a, end - start)]
    assert lengths == pytest.approx([triangle.first_order, triangle.hessian, triangle.full])
    assert triangle.angle == pytest.approx(
        float(torch.rad2deg(torch.acos(a @ (a + b) / a.norm() / (a + b).norm())))
    )


def test_no_triangle_where_a_part_is_zero() -> None:
    """It has no angle then, and still corners."""
    zero = torch.zeros(4)
    triangle = triangle_of(zero, zero)
    assert np.isnan(triangle.cosine)
    assert triangle.corners == ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0))


CASES = {
    "plain": {},
    "three steps, every judged": {"inner_steps": 3, "outer_loss": "every"},
    "judged on the support points": {"judged_on": "support"},
    "many tasks": {"meta_batch": 40, "reduction": "sum", "alpha": 0.002},
}


def trained(name: str, **changes: object) -> Run:
    """A run of two learners after a few iterations."""
    others = tuple(dict.fromkeys(["pretrained", name]))
    run, _ = advance(start(SMALL.changed(**changes), others), 3)
    return run


def one(run: Run, name: str, threads: int = 1) -> MetaIteration:
    """A meta-iteration, after which the run is as it was."""
    states = {other: state.meta.clone() for other, state in run.learners.items()}
    streams = run.task_stream.clone(), run.noise_stream.clone()
    found = meta_iteration(run, name, threads)
    for other, meta in states.items():
        assert torch.equal(run.learners[other].meta, meta)
    assert torch.equal(run.task_stream, streams[0])
    assert torch.equal(run.noise_stream, streams[1])
    return found


@pytest.mark.parametrize("name", TAKEN_APART)
@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_it_ends_where_the_trainer_does(name: str, changes: dict[str, object]) -> None:
    """To the last bit, again and again, though the trainer trains another learner beside it."""
    run = trained(name, **changes)
    for _ in range(2):
        found, (after, losses) = one(run, name), advance(run, 1)
        assert found.iteration == run.iteration
        assert found.adam.before is run.learners[name]
        assert_same_state(found.adam.after, after.learners[name])
        assert torch.equal(found.run.task_stream, after.task_stream)
        assert torch.equal(found.adam.after.meta - found.adam.before.meta, found.adam.step)
        assert float(found.tasks.query_loss[-1].mean()) == pytest.approx(losses[name][0, 1])
        run = after


def test_with_as_many_threads() -> None:
    """Which round in another way."""
    run = trained("maml", meta_batch=40)
    found, (after, _) = one(run, "maml", threads=2), advance(run, 1, threads=2)
    assert_same_state(found.adam.after, after.learners["maml"])


def test_without_the_engine(engine_off: None) -> None:
    """Both run as ordinary Python then."""
    run = trained("maml")
    found, (after, _) = one(run, "maml"), advance(run, 1)
    assert_same_state(found.adam.after, after.learners["maml"])


@pytest.mark.parametrize("name", TAKEN_APART)
def test_adam_follows_the_gradient(name: str) -> None:
    """Its first moment moves by a tenth of the gradient that is shown, step sizes included."""
    run = trained(name)
    found = one(run, name)
    adam = found.adam
    expected = torch.lerp(adam.before.first_moment, adam.gradient, 0.1)
    torch.testing.assert_close(adam.after.first_moment, expected, rtol=1e-4, atol=1e-6)
    count = found.tasks.full.shape[1]
    torch.testing.assert_close(
        found.tasks.followed.mean(0), adam.gradient[:count], rtol=1e-3, atol=1e-5
    )
    assert -1 <= adam.cosine <= 1


def test_the_batch_is_the_trainer_s() -> None:
    """The points lie on the tasks, but for noise, and are other ones in each iteration."""
    run = start(SMALL.changed(noise=0.0), ("maml",))
    found = one(run, "maml")
    batch, family = found.batch, run.settings.family
    assert batch.support_x.shape == (5, 3, 1)
    assert batch.query_x.shape == (5, 4, 1)
    torch.testing.assert_close(family.function(batch.query_x, batch.task), batch.query_y)
    assert not torch.equal(one(found.run, "maml").batch.support_x, batch.support_x)


@pytest.mark.parametrize("name", [name for name in LEARNERS if name not in TAKEN_APART])
def test_the_others_say_why_not(name: str) -> None:
    """In one sentence, which is the refusal's too."""
    sentence = why_not(name)
    assert sentence.endswith(".")
    assert sentence != type(LEARNERS[name]).instead
    if LEARNERS[name].own_tasks is None:
        with pytest.raises(UserError) as refusal:
            meta_iteration(start(SMALL, (name,)), name)
        assert sentence in str(refusal.value)


@pytest.mark.parametrize("name", TAKEN_APART)
def test_these_need_no_reason(name: str) -> None:
    assert why_not(name) == ""


def test_too_large_a_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than filling the memory."""
    monkeypatch.setattr(module, "MAX_NUMBERS", 1000)
    with pytest.raises(UserError, match="lower the meta-batch"):
        meta_iteration(start(SMALL, ("maml",)), "maml")


@pytest.mark.parametrize("name", TAKEN_APART)
def test_weights_without_a_run(name: str) -> None:
    """Begin one, with Adam at rest and step sizes of α."""
    theta = start(SMALL, (name,)).learners[name].meta + 0.01
    theta = theta[: problem_parameters(name)]
    run = begun_with(SMALL, name, theta)
    assert list(run.learners) == [name]
    state = run.learners[name]
    assert torch.equal(state.meta[: len(theta)], theta)
    assert not state.first_moment.any()
    plainly = replace(start(SMALL, (name,)), learners={name: state})
    after, _ = advance(plainly, 1)
    assert_same_state(one(run, name).adam.after, after.learners[name])


def problem_parameters(name: str) -> int:
    """How many of a learner's meta-parameters are weights, with the small experiment."""
    return len(one(start(SMALL, (name,)), name).tasks.full[0])


def test_the_batch_of_the_fixture_is_double() -> None:
    """So the figures above are float64's."""
    assert all(part.dtype == torch.float64 for part in Batch(*prototype(2)))

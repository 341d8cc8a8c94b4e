"""What the settings of the learners make of training."""

from collections.abc import Mapping

import pytest
import torch

from explorer.core.experiment.settings import Settings
from explorer.core.families.sampling import Batch
from explorer.core.learners import LEARNERS, InnerLoop
from explorer.core.training.loop import HeldOut, advance, held_out, start, train
from explorer.core.training.outer_loop import plain_chunk
from explorer.core.training.own_tasks import own_tasks
from tests.core.experiment.example import OTHER

SMALL = Settings(hidden=(5,), shots=3, query=4, meta_batch=5, noise=0.3, networks=6, context=2)
NAMES = tuple(LEARNERS)


def seen(
    settings: Settings, iterations: int = 2, begun: int = 0
) -> Mapping[str, tuple[Batch, InnerLoop]]:
    """What each learner is given for its next iterations."""
    found: dict[str, tuple[Batch, InnerLoop]] = {}

    def spy(name: str) -> object:
        def chunk(*args: object) -> object:
            found[name] = args[4], args[6]  # type: ignore[assignment]
            return plain_chunk(name)(*args)  # type: ignore[arg-type]

        return chunk

    run = start(settings, NAMES)
    if begun:
        run, _ = advance(run, begun)
    advance(run, iterations, spy)  # type: ignore[arg-type]
    return found


def test_judged_on_fresh_points() -> None:
    """By default support and query are different points of the same sines."""
    batch, _ = seen(SMALL)["maml"]
    assert batch.support_x.shape == (2, 5, 3, 1)
    assert batch.query_x.shape == (2, 5, 4, 1)
    assert not set(batch.support_x.flatten().tolist()) & set(batch.query_x.flatten().tolist())


def test_judged_on_the_support_points() -> None:
    """One known code judges the adapted network on the points that it adapted to.

    Tasks and support points are those of any other run; the query points drawn are not used.
    """
    fresh, reused = (seen(SMALL.changed(judged_on=on)) for on in ("fresh", "support"))
    for name in NAMES:
        (batch, _), (before, _) = reused[name], fresh[name]
        assert torch.equal(batch.support_x, before.support_x)
        assert torch.equal(batch.support_y, before.support_y)
        assert torch.equal(batch.task, before.task)
        if LEARNERS[name].own_tasks is None:
            assert torch.equal(batch.query_x, batch.support_x)
            assert torch.equal(batch.query_y, batch.support_y)


@pytest.mark.parametrize("reduction", ["mean", "sum", "mean/K"])
def test_the_support_losss_reduction_is_a_factor_of_alpha(reduction: str) -> None:
    """Training's inner loop and held-out evaluation take the effective α."""
    settings = SMALL.changed(reduction=reduction, alpha=0.02)
    factor = {"mean": 1, "sum": 3, "mean/K": 1 / 3}[reduction]
    assert settings.effective_alpha == pytest.approx(0.02 * factor)
    plain = SMALL.changed(alpha=0.02 * factor)
    for name, (_, inner) in seen(settings).items():
        assert inner.alpha == pytest.approx(0.02 * factor), name
    run, same = (advance(start(each, NAMES), 4)[0] for each in (settings, plain))
    for name, state in run.learners.items():
        torch.testing.assert_close(state.meta, same.learners[name].meta, rtol=1e-5, atol=1e-6)
    result, expected = held_out(run), held_out(same)
    assert isinstance(result, HeldOut)
    assert isinstance(expected, HeldOut)
    for name in NAMES:
        assert result.mse[name] == pytest.approx(expected.mse[name], rel=1e-3)


def test_effective_alpha_is_what_the_codes_make_of_theirs() -> None:
    """A sum over K = 10 points at α = 0.001 is the paper's 0.01 on their mean."""
    settings = Settings(alpha=0.001, reduction="sum")
    assert settings.effective_alpha == pytest.approx(Settings().effective_alpha)
    assert Settings().effective_alpha == 0.01
    assert Settings(alpha=0.1, reduction="mean/K").effective_alpha == pytest.approx(0.01)


def test_pretrain_on_bears_on_the_joint_learners_alone() -> None:
    """The pretrained network and the oracle then see fewer points; the others train the same."""
    one, other = (
        advance(start(SMALL.changed(pretrain_on=on), NAMES), 4)[0] for on in ("all", "support")
    )
    for name in NAMES:
        same = torch.equal(one.learners[name].meta, other.learners[name].meta)
        assert same == (name not in {"pretrained", "oracle"}), name


def test_pretrained_on_support_points_alone() -> None:
    """What lies in the query points then does not matter."""
    settings = SMALL.changed(pretrain_on="support")
    for name in ("pretrained", "oracle"):
        batch, inner = seen(settings)[name]
        rule = LEARNERS[name]
        meta = start(settings, (name,)).learners[name].meta
        first = Batch(*(part[0] for part in batch))
        spoilt = first._replace(query_y=first.query_y + 100)
        gradients = [
            rule.meta_gradient(meta, each, rule.network(settings), inner)[0]
            for each in (first, spoilt)
        ]
        assert torch.equal(*gradients)


def test_averaged_networks_have_tasks_of_their_own() -> None:
    """Each always the same sine, at any iteration the points that `own_tasks` draws for it."""
    for begun in (0, 3):
        found = seen(SMALL, 2, begun)
        for name, rule in LEARNERS.items():
            if rule.own_tasks is not None and rule.own_tasks.sequential:
                continue  # see tests/core/training/test_sequential.py
            expected, _ = found["maml"]
            if rule.own_tasks is not None:
                expected = own_tasks(rule, SMALL, begun, 2).split(SMALL.shots)
            assert all(torch.equal(a, b) for a, b in zip(found[name][0], expected, strict=True))


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("outer_loss", ["last", "every"])
def test_chunks_do_not_matter_to_any_learner(learner: str, outer_loss: str) -> None:
    """12 iterations at once are 5 and 7, bit for bit, the weights of the steps included."""
    settings = SMALL.changed(inner_steps=2, outer_loss=outer_loss)
    whole, _ = advance(start(settings, (learner,)), 12)
    part, _ = advance(start(settings, (learner,)), 5)
    parts, _ = advance(part, 7)
    for name in ("meta", "first_moment", "second_moment"):
        assert torch.equal(
            getattr(whole.learners[learner], name), getattr(parts.learners[learner], name)
        )


@pytest.mark.parametrize(
    ("learner", "changes"),
    [
        ("maml", {"outer_loss": "every", "inner_steps": 2}),
        ("maml", {"initialisation": "normal"}),
        ("maml", {"initialisation": "glorot"}),
        ("reptile", {"reptile_steps": 3}),
        ("cavia", {"context": 4}),
        ("cavia", {"context_alpha": 0.1}),
        ("averaged", {"networks": 9}),
        ("averaged-l2", {"penalty": 0.5}),
        ("averaged-pulled", {"penalty": 0.5}),
    ],
)
def test_every_setting_reaches_its_learner(learner: str, changes: dict[str, object]) -> None:
    """Changing it changes what that learner becomes."""
    settings = SMALL.changed(inner_steps=2, iterations=3)
    one, other = (
        advance(start(each, (learner,)), 3)[0].starting_point(learner).theta
        for each in (settings, settings.changed(**changes))
    )
    assert one.shape != other.shape or not torch.equal(one, other)


@pytest.mark.parametrize("learner", LEARNERS)
def test_settings_of_other_learners_change_nothing(learner: str) -> None:
    """What `deciding` leaves out leaves every bit of training as it is."""
    names = SMALL.to_dict().keys() - SMALL.deciding(learner).keys()
    assert names
    other = SMALL.changed(**{name: OTHER.value(name) for name in names})
    assert other != SMALL
    one, same = (advance(start(each, (learner,)), 3)[0] for each in (SMALL, other))
    for part in ("meta", "first_moment", "second_moment"):
        assert torch.equal(
            getattr(one.learners[learner], part), getattr(same.learners[learner], part)
        )


def test_all_learners_train_together() -> None:
    """A whole run of all of them, with an evaluation on held-out tasks at the end."""
    run = start(SMALL, NAMES)
    *_, last = train(run, 3, held_out_seconds=100.0)
    assert isinstance(last, HeldOut)
    assert set(last.mse) == set(NAMES)
    assert all(len(mse) == 11 for mse in last.mse.values())

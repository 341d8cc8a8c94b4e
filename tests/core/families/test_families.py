"""What holds for every family of functions: drawing, parameters, texts, settings and training."""

import json
import math
from typing import Any

import numpy as np
import pytest
import torch

from explorer.core.base.errors import SettingsError
from explorer.core.base.fields import Range, descriptions
from explorer.core.base.random_streams import stream
from explorer.core.evaluation.evaluation import evaluate
from explorer.core.experiment.settings import Settings
from explorer.core.families import FAMILIES
from explorer.core.families.sampling import sample, sample_evenly
from explorer.core.training.loop import advance, start
from tests.core.families.cases import SETTINGS, WITH_PARAMETERS, draw, family
from tests.core.families.formulas import FORMULAS, JUMPS

NAMES = pytest.mark.parametrize("name", FAMILIES)
WRITTEN = pytest.mark.parametrize("name", WITH_PARAMETERS)
BOTH = pytest.mark.parametrize("kind", ["usual", "odd"])
NORMAL = {("harmonic", 0), ("harmonic", 1)}  # columns that are drawn beyond their bounds too
SMALL: dict[str, Any] = {
    "hidden": (8,),
    "meta_batch": 7,
    "shots": 3,
    "query": 4,
    "alpha": 0.001,
    "seed": 3,
}


# --- shapes and draws


@NAMES
def test_shapes(name: str) -> None:
    """Tasks, inputs, functions and grids have the shapes that the interface promises."""
    chosen = family(name, "usual")
    task = chosen.task(torch.rand(2, 6, chosen.uniforms))
    assert task.shape == (2, 6, chosen.size)
    inputs = chosen.inputs(torch.rand(2, 6, 5, 1), task.unsqueeze(-2))
    assert inputs.shape == (2, 6, 5, 1)
    assert chosen.function(inputs, task.unsqueeze(-2)).shape == (2, 6, 5, 1)
    assert chosen.grid(9).shape == (9,)
    assert chosen.grid(9, task[0].unsqueeze(-2)).shape in {(9,), (6, 9)}
    moments = chosen.moments()
    assert moments.x.shape == moments.weight.shape == moments.mean.shape == moments.square.shape
    assert moments.weight.sum() == pytest.approx(1)


@NAMES
@BOTH
def test_grids_rise_where_inputs_are_drawn(name: str, kind: str) -> None:
    """A grid rises, and inputs of the tasks lie as often left of its middle as right of it."""
    chosen = family(name, kind)
    drawn = draw(chosen, 300, 50)
    grid = chosen.grid(101, drawn.task[0])
    assert (grid.diff() > 0).all()
    middle = grid[..., 50:51].unsqueeze(-1) if grid.dim() > 1 else grid[50]
    assert float((drawn.x[0] < middle).double().mean()) == pytest.approx(0.5, abs=0.02)


@NAMES
@BOTH
def test_draws_respect_the_ranges(name: str, kind: str) -> None:
    """Parameters fill the bounds that they show and inputs their range, ends almost reached."""
    chosen = family(name, kind)
    drawn = draw(chosen, 4000, 2)
    for parameter in chosen.parameters:
        (low, high), values = parameter.bounds, drawn.task[0, :, 0, parameter.column].double()
        inside = (values >= low - 1e-6) & (values <= high + 1e-6)
        if (name, parameter.column) in NORMAL:
            assert 0.99 < float(inside.double().mean()) < 1
        else:
            assert inside.all(), parameter.label
        assert values.min() < low + 0.02 * (high - low), parameter.label
        assert values.max() > high - 0.02 * (high - low), parameter.label
        if parameter.choices:
            assert values.unique().tolist() == list(range(len(parameter.choices)))
    usual = (drawn.x >= chosen.x.low) & (drawn.x <= chosen.x.high)
    assert float(usual.double().mean()) > (0.98 if name == "harmonic" else 0.999999)


@NAMES
@pytest.mark.parametrize(("tasks", "points", "batches"), [(7, 5, 13), (1, 2, 9), (25, 20, 4)])
def test_batches_at_once_are_single_draws(name: str, tasks: int, points: int, batches: int) -> None:
    """Drawing n batches at once equals n draws of one, bit for bit, noise included."""
    chosen = family(name, "odd")
    at_once = draw(chosen, tasks, points, batches)
    task_stream, noise_stream = stream(0, "tasks"), stream(0, "noise")
    singles = [sample(chosen, tasks, points, task_stream, noise_stream) for _ in range(batches)]
    for part in ("task", "x", "y"):
        together = torch.cat([getattr(single, part) for single in singles])
        assert torch.equal(getattr(at_once, part), together), part


@NAMES
def test_noise_shifts_no_task(name: str) -> None:
    """Changing σ leaves tasks and inputs as they are, in later batches too; targets differ."""
    clean = draw(family(name, "odd").changed(noise=0.0), 6, 7, batches=3)
    noisy = draw(family(name, "odd"), 6, 7, batches=3)
    assert torch.equal(clean.task, noisy.task)
    assert torch.equal(clean.x, noisy.x)
    assert float((noisy.y - clean.y).std()) == pytest.approx(0.5, rel=0.25)


# --- functions


@WRITTEN
@BOTH
def test_functions_are_the_formulas(name: str, kind: str) -> None:
    """In single precision they agree with the formula in double precision, away from jumps."""
    chosen = family(name, kind).changed(noise=0.0)
    drawn = draw(chosen, 60, 20)
    scale = float(drawn.y.abs().max())
    compared = 0
    for task, x, y in zip(drawn.task[0, :, 0], drawn.x[0], drawn.y[0], strict=True):
        p, at = task.double().numpy(), x[:, 0].double().numpy()
        truth = FORMULAS[name](at, p)
        left, right = FORMULAS[name](at - 1e-4, p), FORMULAS[name](at + 1e-4, p)
        smooth = np.abs(left - right) < 0.5 if name in JUMPS else np.full(at.shape, True)
        compared += int(smooth.sum())
        np.testing.assert_allclose(
            y[:, 0].double().numpy()[smooth], truth[smooth], rtol=0, atol=2e-5 * max(scale, 1)
        )
    assert compared > 0.99 * drawn.y.numel()


# --- what plots and texts say


@WRITTEN
@BOTH
def test_plots_have_room(name: str, kind: str) -> None:
    """A task reaches its largest value over the inputs, and most stay within the height."""
    chosen = family(name, kind)
    height, tasks = chosen.height, draw(chosen, 100, 1).task[0]
    reaches = []
    for task in tasks:
        reach = chosen.reach(task[0].tolist())
        values = FORMULAS[name](np.linspace(*chosen.x, 2001), task[0].double().numpy())
        assert 0.9 * np.abs(values).max() <= reach <= 1.001 * np.abs(values).max()
        reaches.append(reach)
    assert math.isfinite(height)
    assert np.mean([reach <= height for reach in reaches]) > 0.8
    assert max(reaches) > 0.35 * height


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "formula"])
def test_texts_tell_the_ranges(name: str) -> None:
    """Every range is told with its symbol; what differs is told, and nothing else."""
    usual, odd = family(name, "usual"), family(name, "odd")
    text = usual.text()
    assert text.count(",") == len(descriptions(type(usual))) - 1
    assert "_" not in text
    assert len(set(text.split(", "))) == text.count(",") + 1
    assert usual.difference(family(name, "usual")) == ""
    assert usual.changed(noise=0.7).difference(usual) == "noise σ = 0.7"
    assert odd.difference(usual) == odd.text()
    other = FAMILIES["line" if name != "line" else "sine"]
    assert usual.difference(family(other.name, "usual")) == f"{usual.label} ({text})"
    for words in (usual.label, usual.formula, usual.source):
        assert words.strip() == words != ""


# --- settings


@NAMES
@BOTH
def test_settings_round_trip(name: str, kind: str) -> None:
    """Plain values as JSON lead back to the same experiment."""
    own = SETTINGS[name] if kind == "odd" else {}
    settings = Settings(family=name, **own)
    again = Settings.from_dict(json.loads(json.dumps(settings.to_dict())))
    assert again == settings
    assert again.family == family(name, kind)
    for setting in descriptions(type(settings.family)):
        assert settings.value(setting) == getattr(settings.family, setting)


@NAMES
def test_wrong_settings_are_refused(name: str) -> None:
    """A range upside down and a negative noise are refused, with the label."""
    ranges = [key for key, each in descriptions(FAMILIES[name]).items() if each.kind == "range"]
    for key in ranges:
        with pytest.raises(SettingsError, match="the first value must be below the second"):
            Settings(family=name, **{key: Range(2.0, 1.0)})
    with pytest.raises(SettingsError, match="Noise σ must lie between"):
        Settings(family=name, noise=-1.0)


# --- training and evaluation


@NAMES
@pytest.mark.parametrize("learner", ["maml", "oracle"])
def test_training_goes_on(name: str, learner: str) -> None:
    """A few iterations change the network, stay finite, and do not depend on how they are cut."""
    settings = Settings(family=name, **SMALL)
    begin = start(settings, (learner,))
    whole, losses = advance(begin, 5)
    pieces, _ = advance(advance(begin, 2)[0], 3)
    meta = whole.learners[learner].meta
    assert torch.isfinite(meta).all()
    assert np.isfinite(losses[learner]).all()
    assert not torch.equal(meta, begin.learners[learner].meta)
    assert torch.equal(meta, pieces.learners[learner].meta)


@NAMES
def test_networks_are_evaluated(name: str) -> None:
    """Evaluation adapts to held-out tasks of every family, each on its own inputs."""
    settings = Settings(family=name, **SMALL)
    run = start(settings, ("maml",))
    result = evaluate(
        run.starting_point("maml"), settings.family, shots=3, steps=2, tasks=30, alpha=1e-4
    )
    assert np.isfinite(result.mse).all()
    assert result.mse[2] < result.mse[0]
    even = sample_evenly(settings.family, 30, 3, stream(0, "even"), stream(0, "noise"))
    assert even.y.shape == (1, 30, 3, 1)

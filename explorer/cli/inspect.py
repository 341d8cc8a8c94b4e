"""``maml-explorer inspect``: why a network adapts as it does, in numbers."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Generator, Sequence
from textwrap import fill
from typing import Any

from explorer.cli.competitors import NamedCompetitor, competitors_of
from explorer.cli.jobs import run_job
from explorer.cli.opening import open_files
from explorer.cli.output import emit, emit_json, table
from explorer.core.adaptation.starting_point import Start, StartingPoint
from explorer.core.base.lazy_torch import torch
from explorer.core.base.texts import plain_loss_text
from explorer.core.insight.modes import LIMIT
from explorer.core.insight.report import SHOWN_MODES, Inspection, Plan, inspecting
from explorer.core.jobs.competitor import start_of
from explorer.core.jobs.progress import Job, Meter
from explorer.core.jobs.requests import check_numbers

WIDTH = 100  # characters of a line
NOTHING = "–"
CONTEXT = "context"  # what stands for a layer where a network has context values
NO_STEPS = (
    "{} takes no gradient steps: it has no tangent kernel, no modes, and no layers of which one "
    "could adapt alone."
)
NO_PLANE = (
    "No plane holds most of the {} tasks: there is no kernel of theirs to compare with, and there "
    "are no gains and no fan."
)


def run(arguments: Namespace) -> int:
    """Inspect every network of every file and print what is found."""
    torch.set_num_threads(1)  # at these sizes a second thread costs more than it brings
    kept = (SHOWN_MODES + 2) * (arguments.steps + 1)  # numbers of each task
    check_numbers((arguments.shots,), arguments.steps, arguments.tasks, arguments.seed, kept)
    members = competitors_of(open_files(arguments.files, arguments), ())
    found = run_job(_inspect(members, arguments))
    if arguments.json:
        emit_json({"learners": [_json(*each) for each in zip(members, found, strict=True)]})
    else:
        texts = [_text(arguments, *each) for each in zip(members, found, strict=True)]
        emit("\n\n".join(texts))
    return 0


def _inspect(members: Sequence[NamedCompetitor], arguments: Namespace) -> Job[list[Inspection]]:
    """Inspect one network after the other."""
    meter, found = Meter(len(members)), []
    for member in members:
        start = start_of(member.competitor, member.trained_on)
        meter.begin(1, member.label)
        found.append((yield from _inspect_one(meter, start, _plan(arguments, member))))
    yield meter.end()
    return found


def _inspect_one(meter: Meter, start: Start, plan: Plan) -> Job[Inspection]:
    work: Generator[float, None, Inspection] = inspecting(start, plan)
    while True:
        try:
            share = next(work)
        except StopIteration as end:
            inspection: Inspection = end.value
            return inspection
        if meter.is_due:
            yield meter.at(share)


def _plan(arguments: Namespace, member: NamedCompetitor) -> Plan:
    return Plan(
        member.trained_on,
        shots=arguments.shots,
        tasks=arguments.tasks,
        steps=arguments.steps,
        alpha=arguments.alpha,
        seed=arguments.seed,
    )


def _json(member: NamedCompetitor, found: Inspection) -> dict[str, Any]:
    return {
        "file": str(member.file),
        "name": member.name,
        "strength": found.strength,
        "cosine": found.likeness,
        "rank": found.rank,
        "gains": found.gains,
        "area": found.area,
        "lambda": found.eigenvalues,
        "unstable": found.unstable,
        "measured": found.measured,
        "layers": found.layers,
        "only": found.alone,
    }


def _text(arguments: Namespace, member: NamedCompetitor, found: Inspection) -> str:
    title = (
        f"{member.name}, {member.file}\n"
        f"{arguments.tasks} tasks, K = {arguments.shots}, α = {arguments.alpha:g}, "
        f"seed {arguments.seed}"
    )
    said = []
    if found.strength is None:
        said.append(NO_STEPS.format(member.name))
    if found.area is None:
        said.append(NO_PLANE.format(member.trained_on.label))
    parts = [title, _kernel_table(found), _step_table(found), *_layer_table(member, found)]
    return "\n".join([*parts, *(fill(one, WIDTH, subsequent_indent="  ") for one in said)])


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}".replace("-", "−").replace("nan", NOTHING)


def _kernel_table(found: Inspection) -> str:
    gains = found.gains or (None, None)
    header = ["strength", "likeness", "rank", "gain 1", "gain 2", "fan area"]
    row = [found.strength, found.likeness, found.rank, *gains, found.area]
    return table(header, [[_number(value) for value in row]])


def _step_table(found: Inspection) -> str:
    """λ₁ … and the share of tasks with λ₁ > 2 before each step, and the error there."""
    errors = [plain_loss_text(error) for error in found.measured]
    if found.eigenvalues is None or found.unstable is None:
        return table(["step", "median MSE"], [[str(i), each] for i, each in enumerate(errors)])
    names = [f"λ{digit}" for digit in "₁₂₃₄"[: len(found.eigenvalues[0])]]
    rows = [
        [str(step), *map(_number, values), f"{share:.0%}", error]
        for step, (values, share, error) in enumerate(
            zip(found.eigenvalues, found.unstable, errors, strict=True)
        )
    ]
    return table(["step", *names, f"λ₁ > {LIMIT:g}", "median MSE"], rows)


def _layer_table(member: NamedCompetitor, found: Inspection) -> list[str]:
    """Each layer's share of the gradient and what it reaches alone; none without steps."""
    start = member.competitor.start
    if found.layers is None or found.alone is None or not isinstance(start, StartingPoint):
        return []
    names = [*map(str, range(1, len(start.network.sizes))), CONTEXT]
    rows = [
        [name, f"{share:.0%}", plain_loss_text(error)]
        for name, share, error in zip(names, found.layers, found.alone, strict=False)
    ]
    return [table(["layer", "share of ‖∇L‖²", "MSE after one step of it alone"], rows)]

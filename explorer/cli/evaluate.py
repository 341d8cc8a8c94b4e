"""``maml-explorer evaluate``: loss against gradient steps over many tasks, and differences."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from explorer.cli.competitors import NamedCompetitor, competitors_of, matching
from explorer.cli.evaluation_table import WIDTH, evaluation_tables
from explorer.cli.family_arguments import described
from explorer.cli.jobs import command_of, run_job, tasks_asked_for, write
from explorer.cli.opening import open_files
from explorer.cli.output import emit, emit_json, numbers, table
from explorer.cli.values import check_folder
from explorer.core.base.texts import with_interval
from explorer.core.evaluation.coverage import NOMINAL, coverage_sentence
from explorer.core.evaluation.evaluation import MOST_LOST, Evaluation
from explorer.core.evaluation.paired_differences import Difference
from explorer.core.evaluation.verdict import verdict_sentence
from explorer.core.families import Family
from explorer.core.jobs.comparison import evaluate_competitors
from explorer.core.jobs.comparison_figure import coverages, differences, figure_of, sentences
from explorer.core.jobs.comparison_request import Comparison, Results
from explorer.core.jobs.metered_evaluation import LearnerResult
from explorer.core.jobs.rows import lost_text

COLUMNS = 3  # numbers of shots side by side in a table of differences


@dataclass(frozen=True, eq=False)
class Group:
    """Those that meet the same tasks.

    Attributes:
        request: what they are evaluated on.
        members: they.
        results: by label and K.
    """

    request: Comparison
    members: Sequence[NamedCompetitor]
    results: Results

    @property
    def gaps(self) -> Mapping[tuple[str, int], tuple[Difference, ...]]:
        """Differences to the reference by label and K; none without a reference."""
        return differences(self.request, [each.competitor for each in self.members], self.results)

    def results_of(self, member: NamedCompetitor) -> Results:
        """Its own, one for each number of support points."""
        return {(member.label, k): self.results[member.label, k] for k in self.request.shots}

    def evaluations(self, member: NamedCompetitor) -> list[Evaluation]:
        """One for each number of support points."""
        return [each.evaluation for each in self.results_of(member).values()]

    def alphas(self, member: NamedCompetitor) -> list[float]:
        """Its step size for each number of support points."""
        return [each.alpha for each in self.results_of(member).values()]


def run(arguments: Namespace) -> int:
    """Evaluate every network of every file and print the results."""
    check_folder("--export", arguments.export)
    checkpoints = open_files(arguments.files, arguments, arguments.learner)
    everyone = competitors_of(checkpoints, arguments.learner, arguments.against)
    reference = None if arguments.against is None else matching(everyone, arguments.against).label
    groups = [
        _evaluate(arguments, tasks, members, reference)
        for tasks, members in _grouped(everyone, arguments).items()
    ]
    files: list[str] = []
    if arguments.export is not None:
        (group,) = groups
        competitors = [each.competitor for each in group.members]
        command = command_of(arguments)
        files = write(
            figure_of(group.request, competitors, group.results, command), arguments.export
        )
    if arguments.json:
        emit_json(_json(groups, files))
    else:
        emit("\n\n".join(text for group in groups for text in _texts(group)))
    return 0


def _grouped(
    everyone: Sequence[NamedCompetitor], arguments: Namespace
) -> dict[Family, list[NamedCompetitor]]:
    """Each network with the tasks of its training; what is compared, with those of the first."""
    first = everyone[0].trained_on
    together = arguments.against is not None or arguments.export is not None
    groups: dict[Family, list[NamedCompetitor]] = {}
    for each in everyone:
        trained_on = first if together else each.trained_on
        groups.setdefault(tasks_asked_for(arguments, trained_on), []).append(each)
    return groups


def _evaluate(
    arguments: Namespace, tasks: Family, members: Sequence[NamedCompetitor], reference: str | None
) -> Group:
    request = Comparison(
        tuple(arguments.shots),
        arguments.steps,
        arguments.tasks,
        arguments.seed,
        arguments.alpha,
        tasks,
        reference,
    )
    results = run_job(evaluate_competitors(request, [each.competitor for each in members]))
    return Group(request, members, results)


def _json(groups: Sequence[Group], files: Sequence[str]) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "learners": [_result(group, each) for group in groups for each in group.members]
    }
    if any(group.request.reference for group in groups):
        whole["against"] = groups[0].request.reference
        whole["notes"] = [text for group in groups for text in sentences(group.request, group.gaps)]
    return {**whole, "files": files} if files else whole


def _result(group: Group, member: NamedCompetitor) -> dict[str, Any]:
    result = {
        "file": None if member.file is None else str(member.file),
        "name": member.name,
        "label": member.label,
        "distribution": described(group.request.family),
        "results": [_numbers(found, member) for found in group.results_of(member).values()],
    }
    gaps = [(k, gap) for (label, k), gap in group.gaps.items() if label == member.label]
    if gaps:
        result["differences"] = [_difference(shots, gap) for shots, gap in gaps]
    return result


def _numbers(found: LearnerResult, member: NamedCompetitor) -> dict[str, Any]:
    it, judged, covered = found.evaluation, found.verdict, found.coverage
    return {
        "shots": it.shots,
        "tasks": it.tasks,
        "alpha": found.alpha if member.adapts else None,
        **numbers(it),
        "verdict": judged
        and {
            "shares": judged.shares,
            "single": judged.single,
            "ideal": judged.ideal,
            "text": verdict_sentence(judged, it.shots, member.name),
        },
        "coverage": covered
        and {
            **covered._asdict(),
            "nominal": NOMINAL,
            "text": coverage_sentence(covered, it.shots, member.name),
        },
    }


def _difference(shots: int, gap: Sequence[Difference]) -> dict[str, Any]:
    return {
        "shots": shots,
        "mean": [one.mean for one in gap],
        "ci95": [one.ci95 for one in gap],
        "pairs": [one.pairs for one in gap],
        "lost": [one.lost for one in gap],
        "more_than_chance": [one.certain for one in gap],
    }


def _texts(group: Group) -> list[str]:
    """One text for each of the group, and those about differences."""
    texts = [_text(group, each) for each in group.members]
    gaps = group.gaps
    for each in group.members:
        own = [gap for (label, _), gap in gaps.items() if label == each.label]
        if own:
            texts.append(_gap_text(group, each, own))
    said = sentences(group.request, gaps)
    return [*texts, "\n".join(said)] if said else texts


def _text(group: Group, member: NamedCompetitor) -> str:
    request = group.request
    place = "" if member.file is None else f", {member.file}"
    alpha = f", {_alpha(group, member)}" if member.adapts else ""
    title = (
        f"{member.name}{place}\n"
        f"{request.tasks} tasks{alpha}, seed {request.seed}; "
        "MSE as mean ± 95 % interval, median"
    )
    other = request.family.difference(member.trained_on)
    if other and member.file is not None:
        title += f"\ntasks other than those of its training: {other}"
    results = group.evaluations(member)
    judged = [
        verdict_sentence(found.verdict, shots, member.name)
        for (_, shots), found in group.results_of(member).items()
        if found.verdict is not None and member.adapts
    ]
    said = [*judged, *coverages(group.results_of(member))]
    wrapped = [fill(sentence, WIDTH, subsequent_indent="  ") for sentence in said]
    return "\n".join([title, *evaluation_tables(results), *_warnings(results), *wrapped])


def _alpha(group: Group, member: NamedCompetitor) -> str:
    alphas = group.alphas(member)
    if len(set(alphas)) == 1:
        return f"α = {alphas[0]:g}"
    shots = ", ".join(map(str, group.request.shots))
    return f"α = {', '.join(f'{alpha:g}' for alpha in alphas)} for K = {shots}"


def _warnings(results: Sequence[Evaluation]) -> list[str]:
    lost = [f"{lost_text(each, -1)} at K = {each.shots}" for each in results if each.lost[-1]]
    if not lost:
        return []
    last = len(results[0].full) - 1
    said = (
        f"Of {results[0].tasks} tasks are lost by step {last}: {', '.join(lost)}. In the mean they "
        "count with what predicting zero costs, in the median as infinite; kept is the mean of the "
        f"others, a dash where more than {100 * MOST_LOST:.0f} % are lost."
    )
    return [fill(said, WIDTH, subsequent_indent="  ")]


def _gap_text(group: Group, member: NamedCompetitor, gaps: Sequence[Sequence[Difference]]) -> str:
    title = (
        f"{member.label} − {group.request.reference}: difference of MSE on the same tasks as mean "
        "± 95 % interval"
    )
    return "\n".join([title, *_gap_tables(group.request.shots, gaps)])


def _gap_tables(shots: Sequence[int], gaps: Sequence[Sequence[Difference]]) -> list[str]:
    tables = []
    for first in range(0, len(shots), COLUMNS):
        part = slice(first, first + COLUMNS)
        header = ["step"]
        for k in shots[part]:
            header += [f"K = {k}", "lost"]
        rows = [
            [str(step), *(cell for one in at_step for cell in _gap_cells(one))]
            for step, at_step in enumerate(zip(*gaps[part], strict=True))
        ]
        tables.append(table(header, rows))
    return tables


def _gap_cells(one: Difference) -> tuple[str, str]:
    return with_interval(one.mean, one.ci95), str(one.lost)

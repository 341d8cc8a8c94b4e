"""That functions are sines is known to few files: read off the syntax trees of all the others."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "explorer"

# Who may know: the families, the paper's figures, the experiments of others, and examples.
KNOWING = (
    "core/families/",
    "core/jobs/reproduction/",
    "core/experiment/presets.py",
    "cli/texts.py",
)
WORD = re.compile(r"(?i:amplitudes?|phases?|sin(?:e|es|us)?|cos(?:ine|ines)?|sinusoid\w*|phi)|φ")
PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|φ")  # of a_name, aName and TheName

RUN = "how far a run of training is"
JOB = "how far a job is"
LLVM = "its name for a value that comes from one block or from another"
ANGLE = "of the angle between two kernels, which is their correlation"
SYMBOL = "the paper's symbol for what adapts, no parameter of a task"
GRADIENTS = "of the angle between two gradients"
# Words that mean something else in a file, with the reason.
ELSEWHERE = {
    ("app/main_window.py", "phase"): RUN,
    ("state/training_session.py", "phase"): RUN,
    ("state/workspace.py", "phase"): RUN,
    ("panels/training/loss_plots.py", "phase"): RUN,
    ("panels/training/panel.py", "phase"): RUN,
    ("state/jobs.py", "phase"): JOB,
    ("panels/evaluation/panel.py", "phase"): JOB,
    ("core/engine/barrier.py", "phi"): LLVM,
    ("core/engine/matmul.py", "phi"): LLVM,
    ("core/engine/vectors.py", "phi"): LLVM,
    ("cli/inspect.py", "cosine"): ANGLE,
    ("core/insight/meta_iteration.py", "cosine"): GRADIENTS,
    ("core/insight/task_gradients.py", "cosine"): GRADIENTS,
    ("core/learners/cavia.py", "φ"): SYMBOL,
    ("core/learners/implicit.py", "φ"): SYMBOL,
    ("core/learners/reptile.py", "φ"): SYMBOL,
}


def texts(node: ast.AST) -> Iterator[str]:
    """What a node says: the identifiers and the strings in it, but for those of its children."""
    for _, value in ast.iter_fields(node):
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str):
                yield each


def found(source: str) -> set[tuple[int, str]]:
    """Lines and words of a source that speak of sines; docstrings count, comments do not."""
    return {
        (getattr(node, "lineno", 0), word.lower())
        for node in ast.walk(ast.parse(source))
        for text in texts(node)
        for word in PARTS.findall(text)
        if WORD.fullmatch(word)
    }


def knows(path: str) -> bool:
    """Whether a file of the program may."""
    return path.startswith(KNOWING)


def files() -> dict[str, str]:
    """Sources of all the others, by their path in the package."""
    sources = {p.relative_to(PACKAGE).as_posix(): p for p in sorted(PACKAGE.rglob("*.py"))}
    return {name: p.read_text(encoding="utf-8") for name, p in sources.items() if not knows(name)}


@pytest.mark.parametrize("name", files())
def test_no_file_speaks_of_sines(name: str) -> None:
    """Neither its identifiers nor its texts, docstrings included, but for what is listed above."""
    source = files()[name]
    leaks = {(line, word) for line, word in found(source) if (name, word) not in ELSEWHERE}
    assert not leaks


def test_the_list_is_short_and_needed() -> None:
    """Every exception is in use."""
    used = {(name, word) for name, source in files().items() for _, word in found(source)}
    assert used == set(ELSEWHERE)


@pytest.mark.parametrize(
    "source",
    [
        "amplitude = 3.0",
        "settings.phase = None",
        "def f(*, phase): ...",
        "f(amplitude=1.0)",
        "def draw_sine(): ...",
        "class SineTask: ...",
        "true_sines: int",
        "def f():\n    global PHASES",
        "from explorer.core.families import Sine",
        "from explorer.core.families.sine import mean_cos",
        "import explorer.core.families.sine",
        "import numpy as sinusoid",
        "y = torch.sin(x)",
        "y = values['amplitude']",
        "title = 'The true sine'",
        "label = f'{name} on {k} points of a sine'",
        '"""The best single function, −1.623·cos x."""',
        'def f():\n    """A and φ of a task."""',
        "φ = 1.0",
        "match task:\n    case Task(amplitude=value): ...",
        "try: ...\nexcept ValueError as sine: ...",
    ],
)
def test_violations_are_seen(source: str) -> None:
    """The check itself notices what it is there to notice."""
    assert found(source)


@pytest.mark.parametrize(
    "source",
    [
        "using = business = 'a basin, since cost is emphasised'",
        "'Φ are the features, θ the parameters.'",
        "x = 1  # the phase of a sine",
        "family.parameters",
    ],
)
def test_other_words_pass(source: str) -> None:
    """And it does not cry wolf."""
    assert not found(source)


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("core/families/sine.py", True),
        ("core/jobs/reproduction/sines.py", True),
        ("core/jobs/comparison.py", False),
        ("core/experiment/settings.py", False),
        ("cli/adapt.py", False),
        ("state/sandbox.py", False),
    ],
)
def test_who_may_know(path: str, may: bool) -> None:
    """The paper's figures and the families, and no job, window or command besides."""
    assert (PACKAGE / path).is_file()
    assert knows(path) == may

"""What the README says to type works, and what it lists is there."""

import re
import shlex
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from explorer.cli import texts
from explorer.cli.family_arguments import given_settings
from explorer.cli.output import PROGRAM
from explorer.cli.parser import parse
from explorer.core.experiment.presets import PRESETS
from explorer.core.experiment.settings import Settings
from explorer.core.families import FAMILIES
from explorer.core.families.closed_forms import CLOSED_FORMS
from explorer.core.learners import LEARNERS
from tests.test_architecture import ROOMS

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCK = re.compile(r"(?:<!-- (?P<name>[\w ]+) -->\n)?```(?P<kind>\w*)\n(?P<content>.*?)```", re.S)
WIDTH = 100
PLACEHOLDERS = {"NAME": "quick", "N": "3"}  # the others are names of files

# Of a folder that is named beside them, and what benchmarks write.
UNPLACED = {"__init__.py", "panel.py", "tests/benchmarks/results/"}


def blocks(kind: str, name: str | None = None) -> list[str]:
    """The code blocks of a kind, or the one of a name."""
    found = [each for each in BLOCK.finditer(TEXT) if each["kind"] == kind]
    return [each["content"] for each in found if name in {None, each["name"]}]


def expanded(line: str) -> Iterator[list[str]]:
    """Commands that a line stands for: one for each choice, without and with each option."""
    options = [shlex.split(each) for each in re.findall(r"\[([^]]*)\]", line)]
    _, *words = shlex.split(re.sub(r"\[[^]]*\]", "", line), comments=True)
    choices = [[word] if " " in word else word.split("|") for word in words]
    for chosen in product(*choices):
        for option in ([], *options):
            yield [PLACEHOLDERS.get(word, word) for word in (*chosen, *option)]


def commands(text: str) -> list[str]:
    """Lines that run the program."""
    return [line.strip() for line in text.splitlines() if line.strip().startswith(f"{PROGRAM} ")]


EXAMPLES = [text for name, text in vars(texts).items() if name.endswith("_EXAMPLES")]
LINES = [line for text in (*blocks("sh"), *EXAMPLES) for line in commands(text)]


def test_there_are_commands_to_check() -> None:
    """The README has them in blocks, and a line with choices and options is several."""
    assert len(commands("\n".join(blocks("sh")))) > 10
    found = list(expanded(f"{PROGRAM} reproduce fig2|all [--quick] [--seed N]  # both"))
    base = [["reproduce", "fig2"], ["reproduce", "all"]]
    assert found == [[*b, *o] for b in base for o in ([], ["--quick"], ["--seed", "3"])]


@pytest.mark.parametrize("line", LINES)
def test_every_command_can_be_typed(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The parser takes it, and a training's settings are possible."""
    for words in expanded(line):
        if words == ["--version"]:
            with pytest.raises(SystemExit, match="0"):
                parse(words)
            continue
        arguments = parse(words)
        if arguments.command == "train" and not arguments.resume:
            changed = PRESETS[arguments.preset or "paper"].settings.changed
            assert isinstance(changed(**given_settings(arguments)), Settings)


def test_the_library_s_block_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it stands, in ten lines; it prints errors, sentences and errors, and leaves a file."""
    (block,) = blocks("python", "library")
    assert len(block.strip().splitlines()) <= 10
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(block, str(README), "exec"), names)
    printed = capsys.readouterr().out
    assert printed.count("\n") > 2
    assert "Pretrained" in printed
    assert [path.name for path in tmp_path.iterdir()] == ["line.safetensors"]


def test_every_room_is_drawn() -> None:
    """The diagram has them all, from the top down, and nothing else."""
    (block,) = blocks("", "rooms")
    drawn, above = [], ""
    for line in block.splitlines():
        name = line.split()[0]
        above = "" if line[0] != " " else above
        drawn.append(f"{above}{name}")
        above = above or f"{name}."
    assert [each for each in drawn if each != "core"] == ROOMS[::-1]


@pytest.mark.parametrize("name", [*FAMILIES, *LEARNERS, *CLOSED_FORMS])
def test_every_name_is_explained(name: str) -> None:
    """Families, learners and closed forms stand in the text under the names that commands take."""
    assert f"`{name}`" in TEXT


def test_every_file_named_is_there() -> None:
    """Paths in the text exist in the package or beside it."""
    root = README.parent
    for path in re.findall(r"`([\w/]+(?:\.py|/))`", TEXT):
        places = (root, root / "explorer")
        assert path in UNPLACED or any((place / path).exists() for place in places), path


def test_lines_are_short() -> None:
    """But for tables, pictures and commands."""
    prose = BLOCK.sub("", TEXT)
    long = [line for line in prose.splitlines() if len(line) > WIDTH and line[0] not in "|!"]
    assert long == []

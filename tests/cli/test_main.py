"""The command as a whole: its help, its refusals, its manners as a process."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import PySide6
import pytest

import explorer
from explorer import cli
from explorer.cli import main
from explorer.cli.output import table
from explorer.core.base.folders import cache_folder
from explorer.core.base.texts import plain_loss_text
from explorer.core.experiment.presets import PRESETS
from explorer.core.experiment.settings import DESCRIPTIONS
from tests.cli.commands import MODULE, interrupted, process, refused, tiny_file

Captured = pytest.CaptureFixture[str]


def test_version_goes_to_standard_output(capsys: Captured) -> None:
    """--version prints the version and succeeds."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"MAML Explorer {explorer.__version__}\n"


@pytest.mark.parametrize("command", [[], ["train"], ["evaluate"], ["adapt"]])
def test_help_has_examples(capsys: Captured, command: list[str]) -> None:
    """Each command explains itself on standard output, with examples to copy."""
    assert main([*command, "--help"]) == 0
    captured = capsys.readouterr()
    assert "examples:\n  maml-explorer" in captured.out
    assert captured.err == ""


def test_help_names_every_setting_and_preset(capsys: Captured) -> None:
    """Nothing of the schema is missing from the help."""
    main(["train", "--help"])
    text = capsys.readouterr().out
    for name, description in DESCRIPTIONS.items():
        assert f"--{name.replace('_', '-')}" in text
        assert description.label in text
    main(["--help"])
    text = capsys.readouterr().out
    for name, preset in PRESETS.items():
        assert name in text
        assert preset.help in text


@pytest.mark.parametrize("flag", ["--version", "--help"])
def test_torch_and_qt_stay_unloaded(flag: str) -> None:
    """What makes --version and --help fast: neither library is imported for them."""
    code = (
        "import sys; from explorer.cli import main; "
        f"assert main([{flag!r}]) == 0; "
        "assert not {'torch', 'PySide6', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


def test_module_is_the_command() -> None:
    """``python -m explorer`` calls itself maml-explorer."""
    done = process("--version")
    assert (done.returncode, done.stdout) == (0, f"MAML Explorer {explorer.__version__}\n")
    assert process("--help").stdout.startswith("usage: maml-explorer ")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nonsense"], "nonsense"),
        (["--nonsense"], "--nonsense"),
        (["--seed", "x"], "--seed"),
        (["--seed", "-1"], "--seed"),
        (["--preset", "nonsense"], "paper, 5-shot, 5-steps, quick"),
        (["--screenshot", "/none/such/window.png"], "--screenshot"),
        (["--screenshot", "w" * 300], "--screenshot"),
        (["--seed", "0", "evaluate", "x.safetensors"], "--seed"),
        (["--demo", "train", "--output", "x"], "--demo"),
    ],
)
def test_refuses_wrong_use(capsys: Captured, arguments: list[str], word: str) -> None:
    """One line that names what is wrong, before any window opens."""
    assert word in refused(capsys, *arguments)


def test_a_wrong_use_of_the_process_shows_no_traceback() -> None:
    """As a program: nothing on standard output, one line on standard error, exit code 2."""
    done = process("evaluate", "missing.safetensors")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("maml-explorer: error: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
def test_output_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """A full disk is said once; the flush at exit does not complain again."""
    path = tiny_file(tmp_path)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*MODULE, "adapt", str(path), "--amplitude=1", "--phase=0", "--x=1", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("maml-explorer: error: No space left on device")
    assert done.stderr.count("\n") == 1


def test_qt_without_its_libraries_is_one_line(tmp_path: Path) -> None:
    """Where a part of PySide6 cannot be loaded, the library that is missing is named."""
    stub = tmp_path / "PySide6"
    stub.mkdir()
    real = str(Path(PySide6.__file__).parent)
    missing = "libEGL.so.1: cannot open shared object file"
    (stub / "__init__.py").write_text(f"__path__.append({real!r})\n__version__ = '6.9.3'\n")
    (stub / "QtGui.py").write_text(f"raise ImportError({missing!r})\n")
    folders = os.pathsep.join([str(tmp_path), str(Path(explorer.__file__).parents[1])])
    done = subprocess.run(
        MODULE,
        env={**os.environ, "PYTHONPATH": folders},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("maml-explorer: error: ")
    assert done.stderr.count("\n") == 1
    assert missing in done.stderr


def test_interruption_shows_no_traceback(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C where there is nothing to save ends in one line and 130."""

    def run(arguments: object) -> int:
        raise KeyboardInterrupt

    broken = SimpleNamespace(run=run)
    monkeypatch.setattr(cli, "import_module", lambda _: broken)
    assert main(["adapt", "x", "--amplitude=1", "--phase=0", "--x=1"]) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_interrupted_evaluation_process_shows_no_traceback(tmp_path: Path) -> None:
    """A real Ctrl-C during a long evaluation."""
    path = tiny_file(tmp_path)
    flags = ("--tasks", 100000, "--steps", 500)
    done = interrupted("evaluate_competitors", 1, "evaluate", path, *flags)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    """Output into a closed pipe, as with ``| head``, ends quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [*MODULE, "evaluate", str(tiny_file(tmp_path)), "--tasks", "5"]
    done = subprocess.run(
        command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_terminals_without_greek_are_served(tmp_path: Path) -> None:
    """Where α cannot be encoded an escape stands in its place, and nothing fails."""
    path = tiny_file(tmp_path)
    done = subprocess.run(
        [*MODULE, "adapt", str(path), "--amplitude=1", "--phase=0", "--x=1"],
        env={
            "PYTHONIOENCODING": "ascii",
            "PYTHONPATH": str(Path(explorer.__file__).parents[1]),
            "XDG_CACHE_HOME": str(cache_folder().parent),  # the engine, compiled once for all
        },
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert rb"\u03b1" in done.stdout


def test_window_gets_what_was_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The window's options arrive unchanged, and its exit code is the command's."""
    from explorer.app.options import WindowOptions

    asked = []

    def run_window(options: WindowOptions) -> int:
        asked.append(options)
        return 7

    monkeypatch.setattr(import_module("explorer.app.launch"), "run_window", run_window)
    picture = tmp_path / "window.png"
    assert main([]) == 7
    flags = ["--open", "a", "--preset", "quick", "--seed", "0", "--demo", "--screenshot"]
    assert main([*flags, str(picture)]) == 7
    assert asked == [WindowOptions(), WindowOptions(Path("a"), "quick", 0, True, picture)]


def test_numbers_and_tables_are_aligned() -> None:
    """Losses have three decimals, huge ones three digits, and none is printed as a dash."""
    assert [plain_loss_text(v) for v in (0.12345, 12345.6, float("inf"), float("nan"))] == [
        "0.123",
        "1.23e+04",
        "–",
        "–",
    ]
    assert table(["a", "bcd"], [["10", "1"], ["2", "30"]]) == " a  bcd\n10    1\n 2   30"

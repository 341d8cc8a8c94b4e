"""Ways to run the command line, and small checkpoints to run it on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from explorer.cli import main
from explorer.core.experiment.settings import Settings
from explorer.core.files.checkpoint import save
from explorer.core.training.loop import Run, advance, start

# The command line, saying in a pipe when there is another item of the work that it does.
WATCHED = """
import os, sys
from explorer.cli import main, {command} as command
work = command.{work}
def watched(*arguments, **options):
    for item in work(*arguments, **options):
        os.write({pipe}, b".")
        yield item
command.{work} = watched
sys.exit(main({arguments!r}))
"""
MODULE = [sys.executable, "-m", "explorer"]
TINY = Settings(iterations=60, meta_batch=3, hidden=(8,), shots=4, query=4, seed=5)
TINY_FLAGS = [
    "--iterations",
    "60",
    "--meta-batch",
    "3",
    "--hidden",
    "8",
    "--shots",
    "4",
    "--query",
    "4",
    "--seed",
    "5",
]


def tiny_run(learners: tuple[str, ...] = ("maml",), iterations: int = 60) -> Run:
    """A run of the tiny experiment after some iterations."""
    return advance(start(TINY, learners), iterations)[0]


def tiny_file(folder: Path, learners: tuple[str, ...] = ("maml",)) -> Path:
    """A finished checkpoint of the tiny experiment."""
    path = folder / "tiny.safetensors"
    save(path, tiny_run(learners), learners[0])
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Standard output of a command that succeeds."""
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


def parsed(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """The one strict JSON object that a command prints."""

    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is not JSON")

    text = printed(capsys, *arguments, "--json")
    assert text.count("\n") == 1
    value = json.loads(text, parse_constant=refuse)
    assert isinstance(value, dict)
    return value


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line with which a command refuses; it prints no data and exits with 2."""
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("maml-explorer: error: ")
    assert captured.err.count("\n") == 1
    assert captured.err.endswith("\n")
    return captured.err


def process(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command line as a program of its own."""
    command = [*MODULE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def interrupted(work: str, items: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command line as a program of its own, with a real Ctrl-C in the midst of its work.

    Args:
        work: the generator in the command's module that does it.
        items: how many of its items are waited for.
        arguments: the command and its arguments.
    """
    reading, writing = os.pipe()
    texts = [str(argument) for argument in arguments]
    code = WATCHED.format(command=texts[0], work=work, pipe=writing, arguments=texts)
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=[writing],
    ) as child:
        os.close(writing)
        for _ in range(items):
            os.read(reading, 1)  # nothing if the program has ended
        child.send_signal(signal.SIGINT)
        try:
            out, err = child.communicate(timeout=60)
        finally:
            child.kill()  # one that has not ended would be waited for without end
            os.close(reading)
    return subprocess.CompletedProcess(texts, child.returncode, out, err)

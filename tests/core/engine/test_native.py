"""The compiled machine on the disk: made once, checked, and made again where it must be."""

import subprocess
import sys
from pathlib import Path

import pytest

from explorer.core.base.errors import EngineError
from explorer.core.engine import native, processor


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for what can be made again."""
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path / "maml-explorer"


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was built, in place of seconds of compiling."""
    built: list[str] = []

    def build(dtype: str) -> bytes:
        built.append(dtype)
        return f"code {len(built)}".encode()

    monkeypatch.setattr(native, "_built", build)
    return built


def test_it_is_built_once(cache: Path, builds: list[str]) -> None:
    """The next start reads what the first has left; each type of number has its own."""
    assert native._object_code("float32") == native._object_code("float32") == b"code 1"
    assert native._object_code("float64") == b"code 2"
    assert builds == ["float32", "float64"]
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 1000])
def test_a_damaged_file_is_built_anew(cache: Path, builds: list[str], damage: bytes) -> None:
    """Whatever stands in it, nothing is loaded that was not written whole."""
    native._object_code("float32")
    (file,) = cache.iterdir()
    file.write_bytes(damage)
    assert native._object_code("float32") == b"code 2"
    assert native._object_code("float32") == b"code 2"
    assert len(builds) == 2


def test_other_sources_are_another_machine(
    cache: Path, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new version of the program, of the compiler or another processor builds its own."""
    native._object_code("float32")
    for change in (
        lambda: monkeypatch.setattr(native, "version", lambda _: "99"),
        lambda: monkeypatch.setattr(processor.llvm, "get_host_cpu_name", lambda: "another"),
        lambda: monkeypatch.setattr(native, "_SOURCES", native._SOURCES[1:]),
    ):
        before = len(builds)
        change()
        native._object_code("float32")
        assert len(builds) == before + 1


def test_a_folder_that_takes_no_files_is_no_hindrance(cache: Path, builds: list[str]) -> None:
    """The machine is built for this start alone."""
    cache.write_text("a file in the place of the folder")
    assert native._object_code("float32") == b"code 1"
    assert native._object_code("float32") == b"code 2"


@pytest.mark.parametrize(
    ("compiler", "reason"),
    [
        ("import sys; sys.exit('Traceback\\nImportError: no numba')", "ImportError: no numba"),
        ("import os; os._exit(3)", "exit code 3"),
        ("", "exit code 0"),  # and nothing handed out
    ],
)
def test_a_build_that_fails_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: str, reason: str
) -> None:
    """With the compiler's last line for a reason."""
    python = tmp_path / "python"
    python.write_text(f"#!{sys.executable}\n{compiler}\n")
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(EngineError, match=rf"compiled \({reason}\): install") as caught:
        native._built("float32")
    assert "\n" not in str(caught.value)


def test_a_compiler_that_is_not_there_is_said_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where the program is frozen into one file."""
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(EngineError, match="cannot be compiled"):
        native._built("float32")


def test_code_is_tried_out_by_who_compiles_it(tmp_path: Path) -> None:
    """Whatever is wrong with it happens there; and that process does without PyTorch."""
    file = tmp_path / "machine.o"
    file.write_bytes(native._object_code("float32"))
    code = """
import sys
from explorer.core.engine import build
assert "torch" not in sys.modules
good = open(sys.argv[1], "rb").read()
build.try_out(good, "float32")
print("tried")
build.call = lambda *arguments: None
try:
    build.try_out(good, "float32")
except ArithmeticError:
    print("wrong")
build.object_code = lambda number: b"no code"
assert "torch" not in sys.modules
build.main("float32")
"""
    command = [sys.executable, "-c", code, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.stdout.split() == ["tried", "wrong"], done.stderr
    assert done.returncode != 0
    assert "AssertionError" not in done.stderr


def test_the_program_runs_without_the_compiler() -> None:
    """Once the machine is built, training needs LLVM alone."""
    code = (
        "import sys; from explorer.core.training.loop import advance, start;"
        "from explorer.core.experiment.settings import Settings;"
        "advance(start(Settings(hidden=(4,), meta_batch=2)), 2);"
        "print('numba' in sys.modules, 'llvmlite' in sys.modules)"
    )
    native._object_code("float32")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout.split(), done.stderr) == (["False", "True"], "")

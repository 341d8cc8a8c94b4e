"""PyTorch is imported when it is used, and not before."""

import subprocess
import sys

import pytest
import torch

from explorer.core.base import lazy_torch
from explorer.core.base.errors import EngineError
from explorer.core.base.lazy_torch import LazyModule, no_grad

IMPORT_EVERYTHING = """
import pkgutil, sys
from importlib import import_module
import explorer
names = ("barrier", "build", "calls", "elementwise", "hyperbolic", "interpreter", "matmul")
names += ("native", "passes", "processor", "program", "tracing", "vectors")
put_off = [f"explorer.core.engine.{name}" for name in names]
for module in pkgutil.walk_packages(explorer.__path__, "explorer."):
    if module.name not in put_off and not module.name.endswith("__main__"):
        import_module(module.name)
assert not {name.partition(".")[0] for name in sys.modules} & {"torch", "numba", "llvmlite"}
assert not set(put_off) & set(sys.modules)
from explorer.core.experiment.settings import Settings
from explorer.core.training.loop import start
assert "torch" not in sys.modules
start(Settings())
assert "torch" in sys.modules
"""


def test_no_module_of_the_program_imports_it() -> None:
    """In a fresh interpreter, all that a window needs is imported before PyTorch and Numba are."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_it_is_the_module_itself() -> None:
    """Names are the real ones, and a name that PyTorch lacks is missing here too."""
    assert lazy_torch.torch.Tensor is torch.Tensor
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = lazy_torch.torch.no_such_name


@pytest.mark.parametrize("error", [ImportError("half of it\nis missing"), OSError("libtorch.so")])
def test_a_broken_installation_is_said_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whatever PyTorch raises when it is imported, and whoever asked for it."""

    def broken(_name: str) -> None:
        raise error

    monkeypatch.setattr(lazy_torch, "import_module", broken)
    with pytest.raises(EngineError, match="install the program again") as caught:
        _ = LazyModule("torch", "PyTorch").Tensor
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is error


def test_no_grad_is_pytorchs() -> None:
    """Inside the function nothing is recorded, and afterwards it is as before."""

    @no_grad
    def doubled(x: torch.Tensor, *, times: int) -> torch.Tensor:
        """Twice as much."""
        return 2 * times * x

    x = torch.ones(1, requires_grad=True)
    assert not doubled(x, times=3).requires_grad
    assert (x * 2).requires_grad
    assert doubled.__doc__ == "Twice as much."

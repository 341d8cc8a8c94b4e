"""Networks of other programs: with what is said of them they are as good as the program's own."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from explorer.core.experiment.settings import Settings
from explorer.core.files.checkpoint import load
from tests.cli.commands import parsed, printed, refused
from tests.foreign import HIDDEN, ours, plain_net

Captured = pytest.CaptureFixture[str]
FEW = ("--shots", 3, "--steps", 2, "--tasks", 12)
# The learner, the inputs of its network, what is said of it, and its settings.
KINDS: dict[str, tuple[str, int, list[str], dict[str, Any]]] = {
    "maml": ("maml", 1, [], {}),
    "tanh": ("maml", 1, ["--activation", "tanh"], {"activation": "tanh"}),
    "cavia": ("cavia", 4, ["--hidden", "6,5"], {"context": 3}),
    "cavia's step": ("cavia", 3, ["--context-alpha", "0.3"], {"context": 2, "context_alpha": 0.3}),
    "oracle": ("oracle", 3, [], {}),
    "oracle of lines": ("oracle", 3, ["--family", "line"], {"family": "line"}),
}


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
@pytest.mark.parametrize("kind", KINDS)
def test_evaluates_to_the_same_numbers(
    tmp_path: Path, capsys: Captured, kind: str, suffix: str
) -> None:
    """Bare tensors of plain PyTorch measure as the same network in a file of ours."""
    learner, inputs, said, settings = KINDS[kind]
    net = plain_net(inputs, tanh=kind == "tanh")
    bare = tmp_path / f"bare{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(net.state_dict(), bare)
    own = ours(tmp_path / "own.safetensors", net, learner, Settings(hidden=HIDDEN, **settings))
    (found,) = parsed(capsys, "evaluate", bare, "--learner", learner, *FEW, *said)["learners"]
    (expected,) = parsed(capsys, "evaluate", own, *FEW)["learners"]
    assert found["results"] == expected["results"]
    assert found["distribution"] == expected["distribution"]
    assert found["name"] == expected["name"]


@pytest.mark.parametrize("command", ["adapt", "grid", "inspect"])
def test_other_commands_take_the_same_flags(tmp_path: Path, capsys: Captured, command: str) -> None:
    """What is said of a file holds wherever one is opened."""
    net = plain_net(4)
    bare, own = tmp_path / "bare.pt", tmp_path / "own.safetensors"
    torch.save(net.state_dict(), bare)
    ours(own, net, "cavia", Settings(hidden=HIDDEN, context=3, context_alpha=0.2))
    rest = {
        "adapt": ["--task", "3,1", "--x=-1,2", "--steps", 2],
        "grid": ["--shots", 3, "--steps", 1, "--tasks", 4, "--alphas", 0.01],
        "inspect": ["--shots", 3, "--steps", 1, "--tasks", 3],
    }[command]
    said = ["--learner", "cavia", "--context-alpha", 0.2]
    found = printed(capsys, command, bare, *said, *rest)
    assert found.replace("bare.pt", "own.safetensors") == printed(capsys, command, own, *rest)


def test_training_begins_with_the_weights(tmp_path: Path, capsys: Captured) -> None:
    """`train --resume` begins a new run from them, with the settings given and a fresh Adam."""
    net = plain_net(4)
    bare, out, own = (tmp_path / name for name in ("bare.pt", "out.safetensors", "own.safetensors"))
    torch.save(net.state_dict(), bare)
    flags = ["--iterations", 5, "--meta-batch", 2, "--shots", 3, "--query", 3, "--seed", 4]
    said = ["--learner", "cavia", "--hidden", "6,5"]
    printed(capsys, "train", "--resume", bare, *said, *flags, "--output", out)
    settings = Settings(
        iterations=5, meta_batch=2, shots=3, query=3, seed=4, hidden=HIDDEN, context=3
    )
    ours(own, net, "cavia", settings)
    printed(capsys, "train", "--resume", own, "--output", own)
    found, expected = load(out), load(own)
    assert found.settings == expected.settings == settings
    assert found.run is not None
    assert expected.run is not None
    meta = found.run.learners["cavia"].meta
    assert torch.equal(meta, expected.run.learners["cavia"].meta)
    assert not torch.equal(meta, load_theta(bare))


def load_theta(path: Path) -> torch.Tensor:
    from explorer.core.network.mlp import from_state_dict

    return from_state_dict(torch.load(path, weights_only=True))[0]


@pytest.mark.parametrize(
    ("inputs", "line", "words"),
    [
        (4, ["evaluate", "FILE"], ["4 inputs", "--learner cavia."]),
        (3, ["evaluate", "FILE"], ["--learner cavia or --learner oracle"]),
        (4, ["evaluate", "FILE", "--learner", "oracle"], ["4 inputs", "Oracle's (3) on Sine"]),
        (3, ["evaluate", "FILE", "--learner", "oracle", "--family", "gp-rbf"],
         ["Oracle's (52) on Gaussian"]),
        (1, ["evaluate", "FILE", "--learner", "cavia"], ["1 input,", "CAVIA"]),
        (1, ["evaluate", "FILE", "--learner", "meta-sgd"], ["step sizes"]),
        (1, ["evaluate", "FILE", "--hidden", "6,6"], ["[1, 6, 5, 1]", "6,6"]),
        (1, ["evaluate", "FILE", "--hidden", "wide"], ["--hidden: "]),
        (1, ["evaluate", "FILE", "--activation", "gelu"], ["--activation: ", "relu or tanh"]),
        (1, ["evaluate", "FILE", "--slope", "0", "1"], ["--slope: "]),
        (4, ["grid", "FILE"], ["--learner cavia"]),
        (4, ["inspect", "FILE", "--learner", "nobody"], ["--learner: ", "nobody", "oracle"]),
        (4, ["train", "--resume", "FILE", "--output", "OUT"], ["--learner cavia"]),
        (4, ["train", "--resume", "FILE", "--output", "OUT", "--learner", "cavia", "--context",
             "5"], ["[4, 6, 5, 1]", "CAVIA's context: 5"]),
        (4, ["train", "--resume", "FILE", "--learner", "cavia,maml", "--output", "OUT"],
         ["MAML's has [1, 6, 5, 1]"]),
        (1, ["train", "--resume", "FILE", "--learner", "averaged", "--output", "OUT"],
         ["Averaged", "weights of its own"]),
        (1, ["train", "--resume", "FILE", "--alpha", "-1", "--output", "OUT"], ["--alpha: "]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    tmp_path: Path, capsys: Captured, inputs: int, line: list[str], words: list[str]
) -> None:
    """One sentence, exit code 2, and nothing is written."""
    bare, out = tmp_path / "bare.pt", tmp_path / "out.safetensors"
    torch.save(plain_net(inputs).state_dict(), bare)
    before = bare.read_bytes()
    names = {"FILE": str(bare), "OUT": str(out)}
    message = refused(capsys, *(names.get(word, word) for word in line))
    assert all(word in message for word in words), message
    assert bare.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["bare.pt"]


def test_files_of_this_program_need_nothing_said(tmp_path: Path, capsys: Captured) -> None:
    """They know better; and the window says so too, or that it was given no file."""
    own = ours(tmp_path / "own.safetensors", plain_net(), "maml", Settings(hidden=HIDDEN))
    assert "--activation: " in refused(capsys, "evaluate", own, "--activation", "tanh")
    assert "says itself" in refused(capsys, "--open", own, "--activation", "tanh")
    assert "--open FILE" in refused(capsys, "--learner", "cavia")

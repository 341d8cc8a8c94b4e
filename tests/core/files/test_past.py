"""The ladder of a run in its file: it comes back, or the file is refused; others need none."""

import base64
from pathlib import Path

import pytest
import torch
from safetensors import torch as safetensors_torch
from torch import Tensor

from explorer.core.files import past
from explorer.core.files.checkpoint import RESUME_KEY, load, save
from explorer.core.files.past import LADDER_KEY
from explorer.core.learners import LEARNERS
from explorer.core.training.ladder import Ladder
from explorer.core.training.loop import Progress, Run, advance, start, train
from tests.core.files.checkpoints import SETTINGS, contents, refused

UNTIL = 30


def trained(learners: tuple[str, ...], until: int = UNTIL, run: Run | None = None) -> Run:
    """A run with its ladder."""
    run = run or start(SETTINGS.changed(networks=4), learners)
    for event in train(run, until):
        assert isinstance(event, Progress)
        run = event.run
    return run


@pytest.fixture(scope="module")
def run() -> Run:
    """In place of the one that the other tests share, one that has a past."""
    return trained(("maml", "pretrained"))


def resumed(path: Path) -> Run:
    """The run in a file."""
    found = load(path).run
    assert found is not None
    return found


def assert_same_ladder(one: Ladder, other: Ladder) -> None:
    assert one.iterations == other.iterations
    for mine, theirs in zip(one.rungs, other.rungs, strict=True):
        assert mine.learned.keys() == theirs.learned.keys()
        assert all(torch.equal(mine.learned[name], theirs.learned[name]) for name in mine.learned)


def test_the_ladder_comes_back(tmp_path: Path) -> None:
    """Of every learner, bit for bit, and training goes on with it as if never stopped."""
    half = trained(tuple(LEARNERS))
    save(tmp_path / "half", half, "maml")
    found = resumed(tmp_path / "half")
    assert found.moments == half.moments
    assert_same_ladder(found.ladder, half.ladder)
    for name in LEARNERS:
        then, before = found.starting_point(name, 23), half.starting_point(name, 23)
        assert torch.equal(then.theta, before.theta)
    whole = trained(tuple(LEARNERS), 40)
    assert_same_ladder(trained(tuple(LEARNERS), 40, found).ladder, whole.ladder)


def test_files_without_a_ladder_open(saved: Path) -> None:
    """As older versions wrote them: their past is unknown, and a new one begins."""
    tensors, metadata = contents(saved)
    del metadata[LADDER_KEY]
    safetensors_torch.save_file(tensors, saved, metadata)
    found = resumed(saved)
    assert found.moments == (UNTIL,)
    assert trained((), 40, found).moments == (33, 36, 39, 40)


def test_weights_alone_have_no_past(tmp_path: Path, run: Run) -> None:
    """A file that cannot be resumed has no ladder: those that are shipped stay as small."""
    without = advance(start(run.settings), UNTIL)[0]
    for name, each in (("with", run), ("without", without)):
        save(tmp_path / name, each, "maml", resumable=False)
    assert LADDER_KEY not in contents(tmp_path / "with")[1]
    sizes = [(tmp_path / name).stat().st_size for name in ("with", "without")]
    assert abs(sizes[0] - sizes[1]) < 32  # digits of the seconds that training took
    assert load(tmp_path / "with").run is None


def test_a_ladder_that_readers_refuse_is_left_out(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than that the whole file could not be opened."""
    save(tmp_path / "whole", run, "maml")
    metadata = contents(tmp_path / "whole")[1]
    room = len(metadata[RESUME_KEY]) + len(metadata[LADDER_KEY])
    for limit, moments in ((room, run.moments), (room - 1, (UNTIL,))):
        monkeypatch.setattr(past, "MAX_METADATA", limit)
        save(tmp_path / "limited", run, "maml")
        assert resumed(tmp_path / "limited").moments == moments


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64!",
        "é",
        "AAAA",
        base64.b64encode(b"\xff" * 100).decode(),
        base64.b64encode(safetensors_torch.save({"x": torch.zeros(1)})).decode(),
    ],
)
def test_garbled_ladder(saved: Path, text: str) -> None:
    """A ladder that is none."""
    tensors, metadata = contents(saved)
    safetensors_torch.save_file(tensors, saved, metadata | {LADDER_KEY: text})
    assert "damaged training state" in refused(saved)


RUNGS = 22  # at 0, 1 … 13, 15, 17 … 27 and 30


@pytest.mark.parametrize(
    ("name", "replacement"),
    [
        ("iterations", None),
        ("iterations", torch.arange(RUNGS, dtype=torch.float32)),
        ("iterations", torch.arange(RUNGS).view(1, -1)),
        ("iterations", torch.arange(RUNGS - 1)),
        ("iterations", torch.arange(RUNGS) - 1),
        ("iterations", torch.arange(RUNGS) + UNTIL - RUNGS + 2),
        ("iterations", torch.arange(RUNGS).flip(0)),
        ("iterations", torch.zeros(RUNGS, dtype=torch.int64)),
        ("iterations", torch.tensor(3)),
        ("maml", None),
        ("maml", torch.zeros(RUNGS, 52)),
        ("maml", torch.zeros(RUNGS * 53)),
        ("maml", torch.zeros(RUNGS, 53, dtype=torch.float64)),
        ("pretrained", torch.full((RUNGS, 53), torch.nan)),
        ("anil", torch.zeros(RUNGS, 53)),
    ],
)
def test_damaged_ladder(saved: Path, name: str, replacement: Tensor | None) -> None:
    """A ladder with a part missing, too many, misshapen, mistyped, out of order or not finite."""
    tensors, metadata = contents(saved)
    parts = safetensors_torch.load(base64.b64decode(metadata[LADDER_KEY]))
    assert parts["maml"].shape == (RUNGS, 53)
    parts.pop(name, None)
    if replacement is not None:
        parts[name] = replacement.contiguous()
    metadata[LADDER_KEY] = base64.b64encode(safetensors_torch.save(parts)).decode()
    safetensors_torch.save_file(tensors, saved, metadata)
    assert "damaged training state" in refused(saved)


def test_a_ladder_beyond_the_run_is_damaged(saved: Path, tmp_path: Path) -> None:
    """Such as that of the same run later on."""
    later = tmp_path / "later"
    save(later, trained(("maml", "pretrained"), 40), "maml")
    tensors, metadata = contents(saved)
    metadata[LADDER_KEY] = contents(later)[1][LADDER_KEY]
    safetensors_torch.save_file(tensors, saved, metadata)
    assert "damaged training state" in refused(saved)

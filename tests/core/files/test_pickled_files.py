"""State dicts that torch.save wrote: they open, run no code, and are refused when they are odd."""

import io
import pickle
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from explorer.core.base.errors import CheckpointError
from explorer.core.files import pickled
from explorer.core.files.checkpoint import load
from tests.core.files.checkpoints import checked, refused
from tests.foreign import HIDDEN, plain_net


def written(value: Any, **options: Any) -> bytes:
    """What torch.save makes of a value."""
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def state() -> dict[str, torch.Tensor]:
    return dict(plain_net().state_dict())


OLD = {"_use_new_zipfile_serialization": False}  # as before PyTorch 1.6


@pytest.mark.parametrize("options", [{}, OLD])
@pytest.mark.parametrize(
    "value",
    [
        state(),
        plain_net().state_dict(),
        dict(plain_net().named_parameters()),
        {"state_dict": state(), "epoch": 3, "optimizer": {"state": {}, "param_groups": []}},
        {"model_state_dict": state(), "loss": 0.5},
        {"model": state()},
        {"net": state()},
        {f"module.{name}": tensor.double() for name, tensor in state().items()},
    ],
)
def test_state_dicts_open(tmp_path: Path, value: Any, options: dict[str, Any]) -> None:
    """By themselves or where training scripts put them, whatever the file is called."""
    path = tmp_path / "checkpoint"
    path.write_bytes(written(value, **options))
    found = load(path)
    assert found.is_bare
    assert found.start.network.sizes == [1, *HIDDEN, 1]
    other = tmp_path / "net.pt"
    torch.save(state(), other)
    assert torch.equal(found.start.theta, load(other).start.theta)


class Malicious:
    """A pickle of it makes a file when it is read with trust."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("options", [{}, OLD])
def test_no_code_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    """Not even where the environment asks PyTorch to trust every file."""
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    trace, path = tmp_path / "trace", tmp_path / "net.pt"
    path.write_bytes(written({**state(), "more": Malicious(trace)}, **options))
    message = refused(path)
    assert "never runs" in message
    assert "state_dict()" in message
    assert not trace.exists()
    torch.load(path, weights_only=False)  # it would have
    assert trace.exists()


def changed(content: bytes, change: Callable[[str, bytes], bytes | None], how: int = 0) -> bytes:
    """An archive with other contents of its files; None leaves one out."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", how) as new,
    ):
        for entry in old.infolist():
            part = change(entry.filename, old.read(entry))
            if part is not None:
                new.writestr(entry.filename, part)
    return buffer.getvalue()


def with_pickle(pickled_bytes: bytes) -> bytes:
    return changed(
        written(state()), lambda name, part: pickled_bytes if name.endswith("data.pkl") else part
    )


def forged(name: str, part: bytes) -> bytes:
    """The first storage says that it has 2⁴⁰ values."""
    if not name.endswith("data.pkl"):
        return part
    place = part.index(b"K\x06", part.index(b"cpu"))
    return part[:place] + b"\x8a\x08" + struct.pack("<q", 2**40) + part[place + 2 :]


NAN = state() | {"0.bias": torch.full((6,), float("nan"))}
HUGE = state() | {"0.weight": torch.zeros(1).expand(10**6, 10**6)}
BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "a whole module": (lambda: written(plain_net()), "state_dict()"),
    "numpy arrays": (lambda: written({k: v.numpy() for k, v in state().items()}), "state_dict()"),
    "a number among them": (lambda: written({**state(), "epoch": 3}), "'epoch'"),
    "a number for a name": (lambda: written({1: torch.zeros(2)}), "'1'"),
    "sparse": (lambda: written({"a": torch.zeros(2, 2).to_sparse()}), "no plain tensor"),
    "without values": (lambda: written({"a": torch.zeros(2, device="meta")}), "no plain tensor"),
    "a tensor": (lambda: written(torch.zeros(2)), "under names"),
    "a list": (lambda: written([torch.zeros(2)]), "under names"),
    "nothing": (lambda: written({}), "network"),
    "another network": (lambda: written({"conv.weight": torch.zeros(3, 3)}), "network"),
    "not finite": (lambda: written(NAN), "not finite"),
    "expanded": (lambda: written(HUGE | {"0.bias": torch.zeros(10**6)}), "do not fit"),
    "huge": (
        lambda: written(
            HUGE | {"0.weight": torch.zeros(1).expand(10**6, 1), "0.bias": torch.zeros(10**6),
                    "2.weight": torch.zeros(1).expand(5, 10**6)}
        ), "more than the 2000000",
    ),
    "forged": (lambda: changed(written(state()), forged), "damaged"),
    "records cut short": (
        lambda: changed(written(state()), lambda n, part: part[:4] if "/data/" in n else part),
        "damaged",
    ),
    "records missing": (
        lambda: changed(written(state()), lambda n, part: None if "data/0" in n else part),
        "damaged",
    ),
    "pickle cut short": (lambda: with_pickle(pickle.dumps({"a": 1}, 2)[:-2]), "damaged"),
    "no pickle": (lambda: with_pickle(b""), "damaged"),
    "another archive": (lambda: changed(written(state()), lambda _name, _part: None), "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_files(tmp_path: Path, kind: str) -> None:
    """One sentence each that names the file and what is wrong."""
    make, word = BAD[kind]
    path = tmp_path / "net.pt"
    path.write_bytes(make())
    assert word in refused(path)


@pytest.mark.parametrize("options", [{}, OLD])
@pytest.mark.parametrize("part", [0.0, 0.01, 0.03, 0.2, 0.5, 0.9, 0.999])
def test_cut_short(tmp_path: Path, part: float, options: dict[str, Any]) -> None:
    """A file of which the end is missing, however little."""
    content, path = written(state(), **options), tmp_path / "net.pt"
    path.write_bytes(content[: int(part * len(content))])
    refused(path)


@pytest.mark.parametrize("options", [{}, OLD])
def test_flipped_bytes(tmp_path: Path, options: dict[str, Any]) -> None:
    """Whichever byte is wrong, a file opens with finite weights or is properly refused."""
    content, path = written(state(), **options), tmp_path / "net.pt"
    chance, outcomes = random.Random(4), set()
    for _ in range(150):
        flipped = bytearray(content)
        flipped[chance.randrange(len(content))] ^= chance.randrange(1, 256)
        path.write_bytes(flipped)
        try:
            assert torch.isfinite(load(path).start.theta).all()
            outcomes.add("opened")
        except CheckpointError as error:
            checked(error, path)
            outcomes.add("refused")
    assert outcomes == {"opened", "refused"}


def test_what_unpacks_to_much_is_refused_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small archive may unpack to a large one."""
    content = changed(
        written({"a": torch.zeros(2**18)}), lambda _name, part: part, zipfile.ZIP_DEFLATED
    )
    assert len(content) < 2**15
    monkeypatch.setattr(pickled, "MAX_BYTES", 2**20)
    monkeypatch.setattr(pickled.torch, "load", pytest.fail)
    path = tmp_path / "net.pt"
    path.write_bytes(content)
    assert "unpacks to more than 1 MiB" in refused(path)


def test_storages_beyond_the_file_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Older versions of PyTorch make tensors that are larger than what the file holds."""
    path = tmp_path / "net.pt"
    torch.save(state(), path)
    larger = state() | {"2.weight": torch.zeros(100_000)[:30].view(5, 6)}
    monkeypatch.setattr(pickled.torch, "load", lambda *_content, **_options: larger)
    assert "damaged" in refused(path)

"""Checkpoints: plain PyTorch reads ours, we read anybody's, and no bad file is an accident."""

import base64
import errno
import json
import math
import os
import random
import stat
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors import torch as safetensors_torch
from torch import Tensor, nn

import explorer
from explorer.core.base import atomic_files as files
from explorer.core.base.errors import CheckpointError
from explorer.core.experiment.settings import Settings
from explorer.core.files import checkpoint, container
from explorer.core.files.checkpoint import (
    DESCRIPTION_KEY,
    FORMAT,
    RESUME_KEY,
    Checkpoint,
    load,
    save,
)
from explorer.core.network.derivatives import predict
from explorer.core.network.mlp import make_network
from explorer.core.training.loop import Run, advance, start
from tests.core.families.toy import make_known

SETTINGS = Settings(hidden=(6, 5), shots=3, query=4, meta_batch=3, noise=0.2, seed=7)


@pytest.fixture(scope="module")
def run() -> Run:
    """Both learners after a little training with noise."""
    return advance(start(SETTINGS), 12)[0]


@pytest.fixture
def saved(tmp_path: Path, run: Run) -> Path:
    """A valid checkpoint of MAML."""
    path = tmp_path / "maml.safetensors"
    save(path, run, "maml")
    return path


def refused(path: Path) -> str:
    """The one line with which a file is refused; it names the file."""
    with pytest.raises(CheckpointError) as caught:
        load(path)
    return checked(caught.value, path)


def not_saved(path: Path, run: Run) -> str:
    """The one line with which saving is refused; it names the file."""
    with pytest.raises(CheckpointError) as caught:
        save(path, run, "maml")
    return checked(caught.value, path)


def checked(error: CheckpointError, path: Path) -> str:
    message = str(error)
    assert str(path) in message
    assert "\n" not in message
    assert message.endswith(".")
    return message


def contents(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    with safe_open(str(path), "pt") as file:
        return safetensors_torch.load_file(path), dict(file.metadata() or {})


def describe(path: Path, **changes: Any) -> None:
    """Rewrite a file with another description."""
    tensors, metadata = contents(path)
    description = json.loads(metadata[DESCRIPTION_KEY]) | changes
    metadata[DESCRIPTION_KEY] = json.dumps(description)
    safetensors_torch.save_file(tensors, path, metadata)


def foreign_net(*hidden: int) -> nn.Sequential:
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    sizes = [1, *hidden]
    for inputs, outputs in zip(sizes, hidden, strict=False):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], 1))


def write_foreign(path: Path, change: Callable[[dict[str, Tensor]], None]) -> Path:
    """A file of somebody else's six tensors, changed."""
    state = dict(foreign_net(4, 5).state_dict())
    change(state)
    safetensors_torch.save_file(state, path)
    return path


# --- what is saved


@pytest.mark.parametrize("learner", ["maml", "pretrained"])
def test_two_lines_load_it_into_plain_pytorch(tmp_path: Path, run: Run, learner: str) -> None:
    """A strict load_state_dict of load_file gives a net that predicts the same."""
    path = tmp_path / "net.safetensors"
    save(path, run, learner)

    net = nn.Sequential(nn.Linear(1, 6), nn.ReLU(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 1))
    net.load_state_dict(safetensors_torch.load_file(path), strict=True)

    x = torch.linspace(-5, 5, 60).unsqueeze(1)
    begin = run.starting_point(learner)
    expected = predict(begin.theta, x.unsqueeze(0), begin.network)[0]
    with torch.no_grad():
        torch.testing.assert_close(net(x), expected)


@pytest.mark.parametrize("learner", ["maml", "pretrained"])
def test_everything_comes_back(tmp_path: Path, run: Run, learner: str) -> None:
    """Weights, settings, iteration, provenance and the whole run, bit for bit."""
    path = tmp_path / "net.safetensors"
    save(path, run, learner)
    found = load(path)
    assert (found.path, found.learner, found.iteration) == (path, learner, 12)
    assert found.settings == SETTINGS
    assert found.start.network == make_network(SETTINGS.hidden)
    assert torch.equal(found.start.theta, run.learners[learner].meta)
    assert found.label == {"maml": "MAML", "pretrained": "Pretrained"}[learner]
    assert explorer.__version__ in found.provenance["program"]
    assert {"made", "torch", "python", "platform"} <= set(found.provenance)
    starts = found.starting_points()
    assert next(iter(starts)) == learner
    assert set(starts) == {"maml", "pretrained"}
    for name, begin in starts.items():
        assert torch.equal(begin.theta, run.learners[name].meta)
    assert found.run is not None
    assert_same_run(found.run, run)


def assert_same_run(one: Run, other: Run) -> None:
    assert (one.settings, one.iteration) == (other.settings, other.iteration)
    assert list(one.learners) == list(other.learners)
    for name, state in one.learners.items():
        assert torch.equal(state.meta, other.learners[name].meta)
        assert torch.equal(state.first_moment, other.learners[name].first_moment)
        assert torch.equal(state.second_moment, other.learners[name].second_moment)
    assert torch.equal(one.task_stream, other.task_stream)
    assert torch.equal(one.noise_stream, other.noise_stream)


@pytest.mark.parametrize("learner", ["maml", "pretrained"])
@pytest.mark.parametrize("learners", [("maml", "pretrained"), None], ids=["both", "alone"])
def test_resumed_from_a_file_is_uninterrupted(
    tmp_path: Path, learner: str, learners: tuple[str, ...] | None
) -> None:
    """Save, load and go on: the same bits as never having stopped, noise included."""
    begin = start(SETTINGS, learners or (learner,))
    whole, _ = advance(begin, 25)
    half, _ = advance(begin, 11)
    path = tmp_path / "half.safetensors"
    save(path, half, learner)
    resumed = load(path).run
    assert resumed is not None
    assert_same_run(advance(resumed, 14)[0], whole)


def test_a_file_without_training_state_opens(saved: Path) -> None:
    """The weights and their description are enough to explore."""
    tensors, metadata = contents(saved)
    del metadata[RESUME_KEY]
    safetensors_torch.save_file(tensors, saved, metadata)
    found = load(saved)
    assert found.run is None
    assert (found.learner, found.iteration, found.settings) == ("maml", 12, SETTINGS)
    assert list(found.starting_points()) == ["maml"]


def test_older_descriptions_open(saved: Path) -> None:
    """Without provenance, and with settings of other versions, a file is still ours."""
    tensors, metadata = contents(saved)
    description = json.loads(metadata[DESCRIPTION_KEY])
    del description["provenance"]
    description["settings"]["momentum"] = 0.9
    description["mood"] = "fine"
    metadata[DESCRIPTION_KEY] = json.dumps(description)
    safetensors_torch.save_file(tensors, saved, metadata)
    found = load(saved)
    assert found.provenance == {}
    assert found.settings == SETTINGS


def test_files_without_a_family_are_of_sines(saved: Path) -> None:
    """So were all that were saved before there were others."""
    tensors, metadata = contents(saved)
    description = json.loads(metadata[DESCRIPTION_KEY])
    assert description["settings"].pop("family") == "sine"
    metadata[DESCRIPTION_KEY] = json.dumps(description)
    safetensors_torch.save_file(tensors, saved, metadata)
    assert load(saved).settings == SETTINGS


def test_a_run_on_another_family_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its ranges, and training goes on to the same bits."""
    make_known(monkeypatch)
    settings = SETTINGS.changed(family="steep", slope=(-1, 1), steepness=3, noise=0.2)
    begin = start(settings)
    half, whole = advance(begin, 4)[0], advance(begin, 9)[0]
    save(tmp_path / "steep", half, "maml")
    found = load(tmp_path / "steep")
    assert found.settings == settings
    assert found.run is not None
    assert_same_run(advance(found.run, 5)[0], whole)


# --- files of others


@pytest.mark.parametrize("hidden", [(40, 40), (3,), (7, 8, 9, 10)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_plain_pytorch_files_open(
    tmp_path: Path, hidden: tuple[int, ...], dtype: torch.dtype
) -> None:
    """A state dict alone opens, at any width, depth and precision, and predicts the same."""
    net = foreign_net(*hidden)
    path = tmp_path / "from elsewhere.safetensors"
    safetensors_torch.save_file({k: v.to(dtype) for k, v in net.state_dict().items()}, path)
    found = load(path)
    assert found.start.network == make_network(hidden)
    assert (found.learner, found.iteration, found.run) == ("", None, None)
    assert found.settings == Settings()
    assert found.provenance == {}
    assert found.label == "from elsewhere"
    assert list(found.starting_points()) == [""]
    assert found.start.theta.dtype == torch.float32
    x = torch.linspace(-5, 5, 30).unsqueeze(1)
    tolerance = {torch.float32: 1e-5, torch.float64: 1e-5, torch.float16: 1e-2}.get(dtype, 0.1)
    with torch.no_grad():
        torch.testing.assert_close(
            predict(found.start.theta, x.unsqueeze(0), found.start.network)[0],
            net(x),
            rtol=tolerance,
            atol=tolerance,
        )


def test_other_metadata_is_no_obstacle(tmp_path: Path) -> None:
    """Metadata of another program is not mistaken for ours."""
    path = tmp_path / "net.safetensors"
    safetensors_torch.save_file(dict(foreign_net(4).state_dict()), path, {"format": "pt"})
    assert load(path).learner == ""


# --- files that cannot be opened


def test_missing(tmp_path: Path) -> None:
    """A file that is not there."""
    assert "Could not read" in refused(tmp_path / "nowhere" / "net.safetensors")


def test_directory(tmp_path: Path) -> None:
    """A folder instead of a file."""
    assert "Could not read" in refused(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"\0" * 8,
        b"\xff" * 64,
        b"PK\x03\x04 a zip, such as torch.save makes",
        "un fichier texte, accentué".encode(),
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 21) + b'{"__metadata__":null}',
        struct.pack("<Q", 41) + b'{"__metadata__":{"maml-explorer":"{}"}}  ',
        random.Random(0).randbytes(5000),
    ],
)
def test_not_safetensors(tmp_path: Path, content: bytes) -> None:
    """Empty files, random bytes and other formats."""
    path = tmp_path / "net.safetensors"
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize("part", [0.0, 0.0005, 0.001, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_cut_short(saved: Path, part: float) -> None:
    """A file of which the end is missing, however little."""
    content = saved.read_bytes()
    saved.write_bytes(content[: int(part * len(content))])
    refused(saved)


def test_one_byte_short_or_long(saved: Path) -> None:
    """Even a single byte too few or too many is noticed."""
    content = saved.read_bytes()
    for other in (content[:-1], content + b"\0"):
        saved.write_bytes(other)
        refused(saved)


def test_too_large(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A huge file is refused before it is read into memory."""
    monkeypatch.setattr(container, "MAX_BYTES", 2**20)
    with saved.open("r+b") as file:
        file.truncate(2**20 + 1)
    assert "larger than 1 MiB" in refused(saved)


def test_too_many_parameters(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is a network too large to be explored."""
    monkeypatch.setattr(checkpoint, "MAX_PARAMETERS", 10)
    assert "more than the 10" in refused(saved)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_weights_not_finite(tmp_path: Path, value: float) -> None:
    """NaN or infinite weights, were it only one."""

    def spoil(state: dict[str, Tensor]) -> None:
        state["2.weight"][1, 2] = value

    path = write_foreign(tmp_path / "net.safetensors", spoil)
    assert "not finite" in refused(path)


def test_weights_that_overflow_float32(tmp_path: Path) -> None:
    """Float64 weights that only float64 can hold."""

    def spoil(state: dict[str, Tensor]) -> None:
        state["0.bias"] = torch.full((4,), 1e300, dtype=torch.float64)

    assert "not finite" in refused(write_foreign(tmp_path / "net.safetensors", spoil))


def other_names(state: dict[str, Tensor]) -> None:
    for name in list(state):
        state[f"model.{name}"] = state.pop(name)


def missing_bias(state: dict[str, Tensor]) -> None:
    del state["2.bias"]


def wrong_shape(state: dict[str, Tensor]) -> None:
    state["2.weight"] = torch.zeros(5, 3)


def transposed(state: dict[str, Tensor]) -> None:
    state["2.weight"] = state["2.weight"].T.contiguous()


def two_inputs(state: dict[str, Tensor]) -> None:
    state["0.weight"] = torch.zeros(4, 2)


def two_outputs(state: dict[str, Tensor]) -> None:
    state |= {"4.weight": torch.zeros(2, 5), "4.bias": torch.zeros(2)}


def linear_only(state: dict[str, Tensor]) -> None:
    state.clear()
    state |= {"0.weight": torch.zeros(1, 1), "0.bias": torch.zeros(1)}


def scalars(state: dict[str, Tensor]) -> None:
    for name in state:
        state[name] = torch.zeros(())


def complex_numbers(state: dict[str, Tensor]) -> None:
    for name, value in state.items():
        state[name] = value * 1j


def newlines(state: dict[str, Tensor]) -> None:
    state["a\nb"] = torch.zeros(1)


def no_units(state: dict[str, Tensor]) -> None:
    state |= {
        "0.weight": torch.zeros(0, 1),
        "0.bias": torch.zeros(0),
        "2.weight": torch.zeros(5, 0),
    }


@pytest.mark.parametrize(
    "change",
    [
        other_names,
        missing_bias,
        wrong_shape,
        transposed,
        two_inputs,
        two_outputs,
        linear_only,
        scalars,
        complex_numbers,
        newlines,
        no_units,
        dict.clear,
    ],
)
def test_not_a_sine_network(tmp_path: Path, change: Callable[[dict[str, Tensor]], None]) -> None:
    """Intact safetensors files of something else."""
    path = write_foreign(tmp_path / "net.safetensors", change)
    assert "network" in refused(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": FORMAT + 1}, "newer version"),
        ({"format": None}, "damaged description"),
        ({"format": math.inf}, "damaged description"),
        ({"learner": "fomaml"}, "'fomaml'"),
        ({"learner": "two\nlines"}, "learner"),
        ({"learner": None}, "learner"),
        ({"iteration": "many"}, "damaged description"),
        ({"iteration": None}, "damaged description"),
        ({"iteration": -1}, "damaged description"),
        ({"iteration": math.nan}, "damaged description"),
        ({"iteration": math.inf}, "damaged description"),
        ({"iteration": 10**30}, "damaged description"),
        ({"settings": None}, "damaged description"),
        ({"settings": ["shots"]}, "damaged description"),
        ({"settings": {}}, "inconsistent"),
        ({"settings": {"hidden": [6, 6]}}, "inconsistent"),
        ({"settings": {"hidden": "six"}}, "Hidden layers"),
        ({"settings": {"hidden": [6, 5], "shots": -3}}, "Support points"),
        ({"settings": {"hidden": [6, 5], "alpha": math.nan}}, "Step size"),
        ({"settings": {"hidden": [6, 5], "x": [1, 0]}}, "Input x"),
        ({"settings": {"hidden": [6, 5], "activation": "sine"}}, "Activation"),
        ({"settings": {"hidden": [6, 5], "family": "cubes"}}, "Family"),
        ({"settings": {"hidden": [6, 5], "family": None}}, "Family"),
        ({"settings": {"hidden": [6, 5], "family": ["sine"]}}, "Family"),
        ({"settings": {"hidden": [6, 5], "amplitude": [2, 1]}}, "Amplitude"),
        ({"settings": {"hidden": [6, 5], "context": 0}}, "CAVIA's context"),
        ({"provenance": "yesterday"}, "damaged description"),
        ({"provenance": None}, "damaged description"),
    ],
)
def test_bad_description(saved: Path, changes: dict[str, Any], words: str) -> None:
    """Intact weights with a description that cannot be."""
    describe(saved, **changes)
    assert words in refused(saved)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "3",
        '"format"',
        "{}",
        "NaN",
        '{"format": 1}',
        '{"format": 1, "learner": "maml"}',
        "[" * 100_000,
        '{"format": ' + "9" * 5000 + "}",
    ],
    ids=lambda text: text[:40],
)
def test_garbled_json(saved: Path, text: str) -> None:
    """A description that is no JSON object, or not one of ours."""
    tensors, metadata = contents(saved)
    safetensors_torch.save_file(tensors, saved, metadata | {DESCRIPTION_KEY: text})
    assert "damaged description" in refused(saved)


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
def test_garbled_training_state(saved: Path, text: str) -> None:
    """A training state that is none."""
    tensors, metadata = contents(saved)
    safetensors_torch.save_file(tensors, saved, metadata | {RESUME_KEY: text})
    assert "damaged" in refused(saved)


@pytest.mark.parametrize(
    ("name", "replacement"),
    [
        ("streams.tasks", None),
        ("streams.noise", None),
        ("streams.tasks", torch.zeros(5056, dtype=torch.uint8)),
        ("streams.noise", torch.zeros(3, dtype=torch.uint8)),
        ("streams.noise", torch.zeros(5056)),
        ("maml.first_moment", None),
        ("maml.second_moment", torch.zeros(3)),
        ("maml.second_moment", torch.full((53,), math.nan)),
        ("maml.first_moment", torch.zeros(53, dtype=torch.float64)),
        ("maml.first_moment", torch.zeros(53, dtype=torch.float8_e4m3fn)),
        ("maml.first_moment", torch.zeros(53, dtype=torch.complex64)),
        ("pretrained.theta", None),
        ("pretrained.theta", torch.full((53,), math.inf)),
        ("pretrained.theta", torch.zeros(1, 53)),
    ],
)
def test_damaged_training_state(saved: Path, name: str, replacement: Tensor | None) -> None:
    """A training state with a part missing, misshapen, mistyped or not finite."""
    tensors, metadata = contents(saved)
    parts = safetensors_torch.load(base64.b64decode(metadata[RESUME_KEY]))
    assert name in parts
    assert parts["maml.first_moment"].shape == (53,)
    if replacement is None:
        del parts[name]
    else:
        parts[name] = replacement
    metadata[RESUME_KEY] = base64.b64encode(safetensors_torch.save(parts)).decode()
    safetensors_torch.save_file(tensors, saved, metadata)
    assert "damaged training state" in refused(saved)


def test_another_learners_training_state(saved: Path) -> None:
    """A training state that lacks the very learner whose weights the file holds."""
    tensors, metadata = contents(saved)
    parts = safetensors_torch.load(base64.b64decode(metadata[RESUME_KEY]))
    kept = {name: part for name, part in parts.items() if not name.startswith("maml.")}
    metadata[RESUME_KEY] = base64.b64encode(safetensors_torch.save(kept)).decode()
    safetensors_torch.save_file(tensors, saved, metadata)
    assert "damaged training state" in refused(saved)


def load_or_refuse(path: Path) -> Checkpoint | None:
    """A checkpoint of finite weights, or None after a proper refusal."""
    try:
        found = load(path)
    except CheckpointError as error:
        checked(error, path)
        return None
    assert torch.isfinite(found.start.theta).all()
    return found


def test_flipped_bytes(saved: Path) -> None:
    """Whichever byte is wrong, a file opens with finite weights or is properly refused."""
    content = saved.read_bytes()
    chance = random.Random(1)
    outcomes = set()
    header = struct.unpack("<Q", content[:8])[0] + 8
    description = content.index(DESCRIPTION_KEY.encode())
    positions = [
        *range(16),
        *(chance.randrange(header, len(content)) for _ in range(60)),
        *(description + chance.randrange(900) for _ in range(150)),
        *(chance.randrange(len(content)) for _ in range(250)),
        *(header - 1 - chance.randrange(500) for _ in range(100)),
    ]
    for position in positions:
        flipped = bytearray(content)
        flipped[position] ^= chance.randrange(1, 256)
        saved.write_bytes(flipped)
        outcomes.add(load_or_refuse(saved) is None)
    assert outcomes == {True, False}


def test_flipped_bytes_of_a_training_state(saved: Path) -> None:
    """So it is beneath the base64: a state loads and trains on, or is properly refused."""
    tensors, metadata = contents(saved)
    content = base64.b64decode(metadata[RESUME_KEY])
    chance = random.Random(2)
    header = struct.unpack("<Q", content[:8])[0] + 8
    for _ in range(150):
        flipped = bytearray(content)
        flipped[chance.randrange(chance.choice([header, len(content)]))] ^= 1 << chance.randrange(8)
        metadata[RESUME_KEY] = base64.b64encode(flipped).decode()
        safetensors_torch.save_file(tensors, saved, metadata)
        found = load_or_refuse(saved)
        if found is not None:
            assert found.run is not None
            assert advance(found.run, 1)[0].iteration == 13


# --- saving, all or nothing


def fail(code: int) -> Callable[..., None]:
    """A system call that fails."""

    def call(*args: object, **kwargs: object) -> None:
        raise OSError(code, os.strerror(code))

    return call


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize(
    ("owner", "name", "code"),
    [
        (os, "fsync", errno.ENOSPC),
        (os, "fsync", errno.EIO),
        (Path, "replace", errno.EACCES),
        (Path, "chmod", errno.EPERM),
        (files.tempfile, "NamedTemporaryFile", errno.EROFS),
    ],
)
def test_a_failed_save_leaves_the_old_file(
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    exists: bool,
    owner: Any,
    name: str,
    code: int,
) -> None:
    """A full disk or a forbidden place: the reason is told, nothing is lost or left behind."""
    path = tmp_path / "net.safetensors"
    if exists:
        path.write_bytes(b"precious")
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fail(code))
        message = not_saved(path, run)
    assert os.strerror(code) in message
    assert list(tmp_path.iterdir()) == ([path] if exists else [])
    if exists:
        assert path.read_bytes() == b"precious"
    save(path, run, "maml")
    assert load(path).learner == "maml"


def test_a_write_cut_off_by_the_system_leaves_the_old_file(saved: Path, run: Run) -> None:
    """A real write that fails half-way, at the process's limit of file size."""
    resource = pytest.importorskip("resource")
    before = saved.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        message = not_saved(saved, run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "Choose another place" in message
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_impossible_places(tmp_path: Path, run: Run) -> None:
    """A folder that does not exist, a file taken for a folder, a folder taken for a file."""
    not_saved(tmp_path / "nowhere" / "net.safetensors", run)
    (tmp_path / "file").write_bytes(b"")
    not_saved(tmp_path / "file" / "net.safetensors", run)
    folder = tmp_path / "folder"
    folder.mkdir()
    not_saved(folder, run)
    not_saved(tmp_path / ("x" * 300), run)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_read_only_folder(tmp_path: Path, run: Run) -> None:
    """A folder one may not write to (root may, but not even root in /proc)."""
    tmp_path.chmod(0o500)
    try:
        folder = Path("/proc") if os.access(tmp_path, os.W_OK) else tmp_path
        if os.access(tmp_path, os.W_OK) and not folder.is_dir():
            pytest.skip("this user may write everywhere")
        not_saved(folder / "net.safetensors", run)
    finally:
        tmp_path.chmod(0o700)


def test_saving_replaces(saved: Path, run: Run) -> None:
    """Saving over a checkpoint replaces it whole."""
    later, _ = advance(run, 3)
    save(saved, later, "pretrained")
    found = load(saved)
    assert (found.learner, found.iteration) == ("pretrained", 15)
    assert list(saved.parent.iterdir()) == [saved]


@pytest.mark.skipif(os.name != "posix", reason="permissions in POSIX's sense")
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_permissions_follow_the_umask(tmp_path: Path, run: Run, umask: int) -> None:
    """A saved file is as readable as any other the user makes, and the umask is left as it was."""
    path = tmp_path / "net.safetensors"
    before = os.umask(umask)
    try:
        save(path, run, "maml")
    finally:
        after = os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    assert after == umask


def test_relative_paths(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare name is a file in the working directory."""
    monkeypatch.chdir(tmp_path)
    save(Path("net.safetensors"), run, "maml")
    assert load(Path("net.safetensors")).iteration == 12
    assert (tmp_path / "net.safetensors").is_file()

"""Saving, all or nothing: a save that fails leaves the old file, one that succeeds replaces it."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from explorer.core.base import atomic_files as files
from explorer.core.base.errors import CheckpointError
from explorer.core.files.checkpoint import load, save
from explorer.core.training.loop import Run, advance
from tests.core.files.checkpoints import checked


def not_saved(path: Path, run: Run) -> str:
    """The one line with which saving is refused; it names the file."""
    with pytest.raises(CheckpointError) as caught:
        save(path, run, "maml")
    return checked(caught.value, path)


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

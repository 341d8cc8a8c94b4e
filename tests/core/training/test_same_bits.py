"""The same seed gives the same bits: with any number of threads, and on other processors."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import llvmlite.binding as llvm
import pytest

from explorer.core.engine import processor
from explorer.core.experiment.settings import Settings
from explorer.core.files.provenance import provenance, why_other_bits
from explorer.core.learners import LEARNERS
from explorer.core.network.mlp import make_network
from explorer.core.training import outer_loop
from explorer.core.training.loop import Run, advance, start
from explorer.core.training.outer_loop import block_count, plain_chunk, thread_count
from tests.core.training.runs import SMALL, assert_close_runs, assert_same_run

# Half as wide vectors, and PyTorch's own code for them.
AVX2 = {
    processor.CPU_NAME: "haswell",
    processor.CPU_FEATURES: "+avx,+avx2,+fma,+bmi,+bmi2,+f16c,+lzcnt,+movbe,+popcnt,+sse4.2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
PRINTED = "from tests.core.training.test_same_bits import digests; print(*digests())"


def digests() -> list[str]:
    """Of what learners come to whose sums, tanh, noise and tasks could all differ."""
    settings = Settings(hidden=(9, 41), activation="tanh", noise=0.2, meta_batch=3)
    run, _ = advance(start(settings, ("maml", "ridge")), 10)
    parts = [state.meta.numpy().tobytes() for state in run.learners.values()]
    return [hashlib.sha256(part).hexdigest() for part in parts]


@pytest.fixture
def four_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches are cut as large ones are."""
    monkeypatch.setattr(outer_loop, "WORK_PER_BLOCK", 1)
    monkeypatch.setattr(outer_loop, "BLOCKS", (4,))


@pytest.mark.usefixtures("four_blocks")
@pytest.mark.parametrize("learner", LEARNERS)
def test_threads_do_not_matter(learner: str) -> None:
    """Every learner, also where training goes on with another number of threads."""
    begun = start(SMALL.changed(meta_batch=7, networks=3), (learner,))
    alone, _ = advance(begun, 9)
    other, _ = advance(advance(begun, 4, threads=2)[0], 5, threads=3)
    assert_same_run(other, alone)
    assert_close_runs(alone, advance(begun, 9, plain_chunk)[0])


@pytest.mark.parametrize("tasks", [1, 3, 25, 26])
def test_meta_batches_of_any_size_are_cut_alike(tasks: int) -> None:
    """With as many blocks as there are in earnest, and with more threads than blocks."""
    settings = Settings(meta_batch=tasks, hidden=(60, 60), inner_steps=2, outer_loss="every")

    def trained(threads: int) -> Run:
        return advance(start(settings, ("maml",)), 8, threads=threads)[0]

    alone = trained(1)
    for threads in (2, 3, 50):
        assert_same_run(trained(threads), alone)


@pytest.mark.parametrize("tasks", [1, 2, 5, 25, 60, 400])
@pytest.mark.parametrize("width", [5, 40, 200])
def test_blocks_suit_whoever_shares_them(tasks: int, width: int) -> None:
    """Each has a task, and one thread fewer would have more blocks to work on."""
    network = make_network((width, width))
    blocks = block_count(network, tasks, 20)
    assert 1 <= blocks <= tasks
    assert blocks in outer_loop.BLOCKS or blocks == tasks
    for cores in (1, 2, 3, 8):
        threads = thread_count(network, tasks, 20, cores)
        assert 1 <= threads <= min(cores, blocks)
        fewer = max(threads - 1, 1)
        assert threads == 1 or -(-blocks // threads) < -(-blocks // fewer)


def test_the_width_of_vectors_does_not_matter(tmp_path: Path) -> None:
    """A machine compiled for AVX2 comes to the bits of one for AVX-512, and so does what is drawn.

    It is compiled anew, in a cache of its own.
    """
    if not llvm.get_host_cpu_features().get("avx512f", False):
        pytest.skip("this processor has no AVX-512")
    narrow = {**os.environ, **AVX2, "XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    command, folder = [sys.executable, "-c", PRINTED], Path(__file__).parents[3]
    done = subprocess.run(
        command, env=narrow, cwd=folder, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.stdout.split() == digests(), done.stderr


def test_files_say_how_sums_were_rounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """So also that a processor cannot fuse; then resuming elsewhere comes to other bits."""
    monkeypatch.setenv(processor.CPU_FEATURES, "+avx,+avx2,+fma")
    fused = provenance()
    assert "fused rounding" in fused["arithmetic"]
    assert why_other_bits(Path("run"), fused) == ""
    assert "earlier version" in why_other_bits(Path("run"), {})
    monkeypatch.setenv(processor.CPU_FEATURES, "+avx")
    if llvm.get_process_triple().startswith("x86"):
        assert "no FMA" in provenance()["arithmetic"]
        assert "but for rounding" in why_other_bits(Path("run"), fused)
    monkeypatch.setenv("MAML_EXPLORER_ENGINE", "off")
    assert "PyTorch" in provenance()["arithmetic"]

"""The benchmark measures what it says: no peer is needed here, and no time is asserted."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from explorer.core.experiment.settings import Settings
from tests.benchmarks import __main__ as command
from tests.benchmarks import engine, growth, peers
from tests.benchmarks.flops import hessian_vector_flops, meta_iteration_flops, pass_flops
from tests.benchmarks.measure import (
    Options,
    Row,
    Target,
    at_least,
    at_most,
    machine,
    measured,
    not_measured,
    number,
    p99,
    paired,
    percentile,
    ratios,
    table,
)
from tests.benchmarks.peers import torch_func_peer
from tests.benchmarks.running import collect
from tests.trainers import SMALL


def test_contenders_take_turns() -> None:
    """A B A B …, and what warms up is not counted."""
    calls: list[str] = []
    seconds = paired(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=3, warm_up=2
    )
    assert calls == ["a", "b"] * 5
    assert list(seconds) == ["a", "b"]
    assert all(len(each) == 3 and min(each) >= 0 for each in seconds.values())


def test_ratios_are_taken_round_by_round() -> None:
    """Each round of one over the same round of the other."""
    assert ratios([1.0, 9.0], [2.0, 3.0]) == [0.5, 3.0]


def test_percentiles_interpolate() -> None:
    """The ends, the middle, and a place between two samples, in whatever order they came."""
    samples = [4.0, 1.0, 3.0, 2.0]
    assert [percentile(samples, share) for share in (0, 0.5, 1)] == [1.0, 2.5, 4.0]
    assert percentile(samples, 0.25) == pytest.approx(1.75)
    assert percentile([7.0], 0.99) == 7.0


@pytest.mark.parametrize(
    ("target", "figure", "verdict"),
    [
        (None, 1.0, "–"),
        (at_least(10), 10.0, "met"),
        (at_least(10), 9.9, "not met"),
        (at_least(1, aim=1.3), 1.2, "met"),
        (at_least(1, aim=1.3), 1.3, "met, aim too"),
        (at_most(10), 10.0, "met"),
        (at_most(10), 10.1, "not met"),
        (at_most(10, aim=5), 4.0, "met, aim too"),
        (at_most(None, aim=2.5), 2.4, "met"),
        (at_most(None, aim=2.5), 2.6, "not met"),
    ],
)
def test_verdicts(target: Target | None, figure: float, verdict: str) -> None:
    """The median is held against the target, from the right side."""
    assert measured("it", [0.0, figure, 100.0], "ms", target).verdict == verdict


def test_rows_keep_samples_and_spread() -> None:
    """Quartiles about a median, the ends about any other statistic."""
    samples = [float(i) for i in range(101)]
    row = measured("it", samples, "ms")
    assert (row.low, row.figure, row.high) == (25.0, 50.0, 75.0)
    assert row.samples == tuple(samples)
    late = measured("it", samples, "ms", statistic=p99)
    assert (late.low, late.figure, late.high) == (0.0, 99.0, 100.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.0, "0"), (0.01234, "0.0123"), (0.5, "0.500"), (1.3, "1.30"), (12.34, "12.3")),
        *((99.96, "100"), (123.4, "123"), (70000.0, "70,000"), (-2.0, "-2.00")),
    ],
)
def test_three_digits(value: float, text: str) -> None:
    """As many digits as say something."""
    assert number(value) == text


def test_table_shows_every_row() -> None:
    """Figure, spread, bounds and verdict stand in columns; what is missing says why."""
    rows = [
        measured("speed", [1.0, 2.0, 4.0], "×", at_least(1, aim=3), "noisy"),
        measured("once", [5.0], "ms"),
        not_measured("other", "jax is not installed", at_most(10), "ms"),
    ]
    header, speed, once, other = table([replace(row, section="engine") for row in rows]).split("\n")
    at = {name: header.index(name) for name in ("what", "figure", "target", "aim", "verdict")}
    assert speed[at["what"] :].startswith("speed ")
    assert speed[at["figure"] :].startswith("2.00 × (1.50–3.00) ")
    assert speed[at["target"] :].startswith("≥ 1.00 × ")
    assert speed[at["aim"] :].startswith("≥ 3.00 × ")
    assert speed[at["verdict"] :].startswith("met ")
    assert speed.endswith("noisy")
    assert once[at["figure"] :].split() == ["5.00", "ms", "–"]
    assert other[at["target"] :].startswith("≤ 10.0 ms ")
    assert other[at["verdict"] :] == "not measured: jax is not installed"


def test_machine_names_versions() -> None:
    """The packages in use by their version, the processor and its cores."""
    about = machine()
    assert about["packages"]["torch"] == torch.__version__
    assert set(about["packages"]) >= {"numpy", "jax", "higher", "torchopt"}
    assert about["processor"]
    assert about["cores"] >= 1


def test_flops_of_a_tiny_network() -> None:
    """1 input, 2 hidden, 1 output and one point, counted by hand."""
    sizes = [1, 2, 1]
    # Forward 2·2·2 + 2·3·1, gradient the same, back through the weights of the last layer 2·2.
    assert pass_flops(sizes, 1) == 14 + 14 + 4
    # xV and xᵀR{δ} in the first layer; hV, hᵀR{δ}, R{h}W, R{h}ᵀδ, R{δ}Wᵀ, δVᵀ in the last.
    assert hessian_vector_flops(sizes, 1) == (8 + 8) + (6 + 6 + 4 + 4 + 4 + 4)
    one = Settings(hidden=(2,), meta_batch=1, shots=1, query=1)
    assert meta_iteration_flops(one) == 32 + 44 + 32
    assert meta_iteration_flops(replace(one, query=3)) == 32 + 44 + 3 * 32
    assert meta_iteration_flops(replace(one, meta_batch=5)) == 5 * (32 + 44 + 32)
    assert meta_iteration_flops(replace(one, inner_steps=4)) == 4 * (32 + 44) + 32


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.0])
def test_slope_of_a_power_law(exponent: float) -> None:
    """The exponent is found whatever the factor."""
    sizes = [5, 25, 100, 400]
    assert growth.slope(sizes, [7.0 * n**exponent for n in sizes]) == pytest.approx(exponent)


@pytest.mark.parametrize("axis", growth.AXES, ids=lambda axis: axis.label)
def test_every_size_is_allowed(axis: growth.Axis) -> None:
    """The settings of every table can be trained, and their work grows along it."""
    work = [axis.settings(size).relative_work() for size in axis.sizes]
    assert work == sorted(work)
    assert 1.0 in work


def test_a_right_peer_agrees() -> None:
    """torch.func comes with torch; with several inner steps and either activation."""
    peers.load("torch.func", SMALL)
    peers.load("torch.func", replace(SMALL, inner_steps=2, activation="tanh"))


def test_a_wrong_peer_is_found_out() -> None:
    """Another α shows in the meta-gradient, another β only in where training leads."""
    other = torch_func_peer.make(replace(SMALL, alpha=2 * SMALL.alpha))
    assert "meta-gradient" in (peers.disagreement(other, SMALL) or "")
    other = torch_func_peer.make(replace(SMALL, beta=2 * SMALL.beta))
    assert "iterations" in (peers.disagreement(other, SMALL) or "")


def test_missing_peers_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is not there or fails is a row that says so; the others are measured."""
    monkeypatch.setattr(engine, "use_cores", lambda _count: None)
    monkeypatch.setattr(engine, "Settings", lambda: SMALL)
    monkeypatch.setitem(peers.PEERS, "JAX", ("no_such_library", "jax_peer"))
    for name in ("higher", "torchopt"):
        monkeypatch.setitem(peers.PEERS, name, ("torch", "no_such_module"))
    for name in engine.ITERATIONS:
        monkeypatch.setitem(engine.ITERATIONS, name, 2)
    rows = {row.what: row for row in engine.rows(Options(quick=True))}
    jax, higher, func = (
        rows[f"speed over that of {name}"] for name in ("JAX", "higher", "torch.func")
    )
    assert jax.verdict == "not measured: no_such_library is not installed"
    assert higher.verdict.startswith("not measured: higher fails: ModuleNotFoundError")
    assert func.verdict in {"met", "not met"}
    assert len(func.samples) == 5
    assert rows["time over the floor"].figure is not None


def test_a_failing_section_keeps_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was measured before an error stays, and the error is named."""

    def rows(options: Options) -> Iterator[Row]:
        yield measured("first", [1.0], "s")
        raise ValueError("no more")

    module = "tests.benchmarks.broken"
    monkeypatch.setitem(sys.modules, module, SimpleNamespace(rows=rows))
    first, lost = collect("broken", Options())
    assert (first.section, first.what, first.figure) == ("broken", "first", 1.0)
    assert lost.verdict == "not measured: ValueError: no more"


def test_command_prints_and_writes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sections asked for, in one table on standard output, and every sample in the file."""
    asked = []

    def apart(section: str, options: Options) -> list[Row]:
        asked.append((section, options))
        row = measured("it", [1.0, 2.0, 3.0], "ms", at_most(5))
        return [replace(row, section=section)]

    monkeypatch.setattr(command, "apart", apart)
    path = tmp_path / "new" / "figures.json"
    command.main(["--only", "engine", "threads", "--quick", "--json", str(path)])
    assert asked == [("engine", Options(quick=True)), ("threads", Options(quick=True))]
    shown = capsys.readouterr().out
    assert [line.split()[:2] for line in shown.strip().splitlines()[1:3]] == [
        ["engine", "it"],
        ["threads", "it"],
    ]
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["quick"] is True
    assert written["machine"]["python"]
    assert [row["section"] for row in written["rows"]] == ["engine", "threads"]
    first = written["rows"][0]
    assert first["samples"] == [1.0, 2.0, 3.0]
    assert first["target"] == {"limit": 5, "aim": None, "upper": True}
    assert first["verdict"] == "met"

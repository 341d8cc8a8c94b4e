"""Training several learners at once from the command line."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from explorer.cli import main
from explorer.core.experiment.presets import PRESETS
from explorer.core.files.checkpoint import load
from explorer.core.learners import LEARNERS
from tests.cli.commands import TINY_FLAGS, parsed, printed, refused, tiny_run

Captured = pytest.CaptureFixture[str]
THREE = ("maml", "first-order", "anil")


def assert_trained(path: Path, learners: tuple[str, ...], first: str) -> None:
    """The file holds these learners, trained together as the engine trains them."""
    checkpoint = load(path)
    assert checkpoint.learner == first
    assert checkpoint.run is not None
    assert set(checkpoint.run.learners) == set(learners)
    expected = tiny_run(learners)
    for name in learners:
        assert torch.equal(checkpoint.run.learners[name].meta, expected.learners[name].meta)


def test_several_learners_in_one_file(tmp_path: Path, capsys: Captured) -> None:
    """All are trained on the same tasks; the first one's weights are what others read."""
    path = tmp_path / "out.safetensors"
    text = printed(
        capsys, "train", *TINY_FLAGS, "--learner", "maml,first-order,anil", "--output", path
    )
    assert text == f"{path}\n"
    assert_trained(path, THREE, "maml")


def test_company_changes_no_learner(tmp_path: Path, capsys: Captured) -> None:
    """Trained alone or with others, a learner ends with the same parameters bit for bit."""
    path = tmp_path / "out.safetensors"
    printed(capsys, "train", *TINY_FLAGS, "--learner", "reptile, maml,oracle", "--output", path)
    run = load(path).run
    assert run is not None
    for name in ("reptile", "maml", "oracle"):
        assert torch.equal(run.learners[name].meta, tiny_run((name,)).learners[name].meta)


def test_one_file_for_each(tmp_path: Path, capsys: Captured) -> None:
    """{learner} in the name of the output: each file has the whole run and one's weights."""
    text = printed(
        capsys, "train", *TINY_FLAGS, "--learner", "anil,maml",
        "--output", tmp_path / "of-{learner}.safetensors",
    )  # fmt: skip
    assert text.split() == [str(tmp_path / f"of-{name}.safetensors") for name in ("anil", "maml")]
    for name in ("anil", "maml"):
        assert_trained(tmp_path / f"of-{name}.safetensors", ("anil", "maml"), name)


def test_each_file_can_be_trained_on(tmp_path: Path, capsys: Captured) -> None:
    """Whichever file is resumed, all learners of the run go on."""
    pattern = tmp_path / "{learner}.safetensors"
    printed(capsys, "train", *TINY_FLAGS, "--learner", "anil,maml", "--output", pattern)
    second = tmp_path / "maml.safetensors"
    printed(capsys, "train", "--resume", second, "--iterations", 80, "--output", second)
    checkpoint, expected = load(second), tiny_run(("anil", "maml"), 80)
    assert checkpoint.learner == "maml"
    assert checkpoint.run is not None
    for name, state in expected.learners.items():
        assert torch.equal(checkpoint.run.learners[name].meta, state.meta)


def test_json_has_every_learner(tmp_path: Path, capsys: Captured) -> None:
    """Losses by name and learner; those of the first stand at the top as for one alone."""
    pattern = tmp_path / "{learner}.st"
    result = parsed(
        capsys, "train", *TINY_FLAGS, "--learner", "cavia,pretrained", "--output", pattern
    )
    assert list(result["learners"]) == ["cavia", "pretrained"]
    for name, found in result["learners"].items():
        assert found["file"] == str(tmp_path / f"{name}.st")
        assert tuple(found["losses"]) == LEARNERS[name].losses
        assert found["seconds"] > 0
    assert result["learner"] == "cavia"
    assert result["losses"] == result["learners"]["cavia"]["losses"]
    assert result["file"] == result["learners"]["cavia"]["file"]


def test_a_preset_brings_its_learner(tmp_path: Path, capsys: Captured) -> None:
    """The Reptile gist trains Reptile, unless another learner is named."""
    flags = ["train", "--preset", "reptile-gist", "--iterations", 2, "--output"]
    printed(capsys, *flags, tmp_path / "a")
    assert load(tmp_path / "a").learner == "reptile"
    assert load(tmp_path / "a").settings == replace(PRESETS["reptile-gist"].settings, iterations=2)
    printed(capsys, *flags, tmp_path / "b", "--learner", "maml")
    assert load(tmp_path / "b").learner == "maml"


@pytest.mark.parametrize("text", ["maml,foo", "foo", "", "maml,,anil"])
def test_an_unknown_learner_is_refused(tmp_path: Path, capsys: Captured, text: str) -> None:
    """One sentence names it and lists all there are; nothing is written."""
    line = refused(capsys, "train", "--learner", text, "--output", tmp_path / "out")
    for name in LEARNERS:
        assert name in line
    assert not list(tmp_path.iterdir())


def test_a_learner_named_twice_is_trained_once(tmp_path: Path, capsys: Captured) -> None:
    """Saying it again changes nothing."""
    path = tmp_path / "out"
    printed(capsys, "train", *TINY_FLAGS, "--learner", "anil,anil", "--output", path)
    assert_trained(path, ("anil",), "anil")


def test_no_place_for_one_of_the_files(tmp_path: Path, capsys: Captured) -> None:
    """Every place is tried before the training, so that no work is lost."""
    (tmp_path / "anil").mkdir()
    line = refused(
        capsys, "train", *TINY_FLAGS, "--learner", "maml,anil", "--output", tmp_path / "{learner}"
    )
    assert str(tmp_path / "anil") in line
    assert not (tmp_path / "maml").exists()


@pytest.mark.parametrize("command", [[], ["train"]])
def test_help_lists_presets(capsys: Captured, command: list[str]) -> None:
    """Each preset has one aligned line in the help of the window and of train."""
    assert main([*command, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, preset in PRESETS.items():
        assert f"  {name}".ljust(16) + preset.help in lines


def test_help_lists_learners(capsys: Captured) -> None:
    """Each learner has one aligned line that names its source."""
    assert main(["train", "--help"]) == 0
    lines = capsys.readouterr().out.partition("learners:")[2].splitlines()
    places = set()
    for name, learner in LEARNERS.items():
        (line,) = (line for line in lines if line.startswith(f"  {name} "))
        assert learner.source in line
        places.add(line.index(learner.label, len(name) + 2))
    assert len(places) == 1

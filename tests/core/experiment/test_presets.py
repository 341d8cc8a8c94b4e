"""Presets, and what they differ in from the paper."""

import math

import pytest

from explorer.core.base.fields import Range
from explorer.core.experiment.differences import differences, effective_alpha_text
from explorer.core.experiment.presets import PRESETS, matching_preset
from explorer.core.experiment.settings import DESCRIPTIONS, FAMILY, Settings
from explorer.core.families.closed_forms import reference_losses
from explorer.core.learners import LEARNERS
from tests.core.families.toy import make_known

BACK = ("Phase φ", "0 to π", "−π to 0")
FULL_BACK = ("Phase φ", "0 to π", "−2π to 0")
GLOROT = ("Initial weights", "not stated, uniform here", "glorot")


def iterations(count: str) -> tuple[str, str, str]:
    return ("Meta-iterations", "not stated, 70,000 here", count)


def tasks(count: str) -> tuple[str, str, str]:
    return ("Meta-batch", "not stated, 25 tasks here", count)


EXPECTED: dict[str, list[tuple[str, str, str]]] = {
    "paper": [],
    "5-shot": [("Support points K", "10 points", "5 points")],
    "5-steps": [("Inner steps", "1", "5")],
    "quick": [iterations("5,000")],
    "equation": [("Support loss", "mean", "sum")],
    "authors": [
        ("Step size α", "0.01", "0.001"),
        ("Initial weights", "not stated, uniform here", "normal"),
        ("Pretrain on", "all", "support"),
    ],
    "learn2learn": [
        ("Inner steps", "1", "5"),
        tasks("16 tasks"),
        iterations("10,000"),
        ("Hidden layers", "40, 40", "32, 32"),
    ],
    "vmikulik": [
        BACK,
        ("Support loss", "mean", "mean/K"),
        tasks("1,000 tasks"),
        iterations("10,000"),
    ],
    "animl": [FULL_BACK, tasks("1 task"), iterations("40,000")],
    "hereismari": [
        ("Judged on", "fresh", "support"),
        tasks("1 task"),
        iterations("10,000"),
        GLOROT,
    ],
    "jax": [
        ("Amplitude A", "0.1 to 5", "0.1 to 0.5"),
        BACK,
        ("Support points K", "10 points", "20 points"),
        ("Query points", "not stated, 10 points here", "20 points"),
        ("Step size α", "0.01", "0.1"),
        tasks("4 tasks"),
        iterations("20,000"),
        GLOROT,
    ],
    "maml-tf2": [GLOROT],
    "reptile-gist": [
        FULL_BACK,
        ("Step size α", "0.01", "0.02"),
        tasks("1 task"),
        iterations("30,000"),
        ("Hidden layers", "40, 40", "64, 64"),
        ("Activation", "relu", "tanh"),
        ("Reptile's steps", "10", "5"),
    ],
    **{
        f"mmaml-{modes}": [
            ("Family", "sine", f"mmaml-{modes}"),
            ("Noise σ", "0", "0.3"),
            ("Support points K", "10 points", "5 points"),
            ("Query points", "not stated, 10 points here", "5 points"),
            ("Inner steps", "1", "5"),
            ("Step size α", "0.01", "0.001"),
            tasks(f"{25 * modes} tasks"),
            ("Hidden layers", "40, 40", "100, 100, 100"),
        ]
        for modes in (2, 3, 5)
    },
    "multistep": [
        ("Family", "sine", "multistep"),
        ("Noise σ", "0", "0.223607"),
        ("Step size α", "0.01", "0.001"),
        iterations("15,000"),
        ("Initial weights", "not stated, uniform here", "normal"),
    ],
    "cavia": [iterations("50,000")],
    "cavia-maml": [("Step size α", "0.01", "0.1"), iterations("50,000")],
}


@pytest.mark.parametrize("name", PRESETS)
def test_difference_from_the_paper(name: str) -> None:
    """Each preset differs from the paper in what is known of its code, and in nothing else."""
    assert differences(PRESETS[name].settings) == EXPECTED[name]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_complete_sentences(name: str) -> None:
    """Presets are labelled and explained, and what they train there is."""
    preset = PRESETS[name]
    assert preset.label
    for sentence in (preset.help, *preset.beyond):
        assert sentence.endswith(".")
    assert set(preset.learners) <= set(LEARNERS)
    assert preset.settings.seed == Settings().seed


def test_presets_can_be_told_apart() -> None:
    """No two look the same in a menu, or are the same."""
    assert len({preset.label for preset in PRESETS.values()}) == len(PRESETS)
    assert len({preset.settings for preset in PRESETS.values()}) == len(PRESETS)


def test_chance_is_no_difference() -> None:
    """Another seed is the same experiment."""
    assert differences(Settings(seed=7)) == []


@pytest.mark.parametrize("name", [name for name in DESCRIPTIONS if name != FAMILY])
def test_every_other_setting_is_a_difference(name: str) -> None:
    """Whatever is changed is named by its label, with both values, which differ."""
    others = {"range": Range(0.5, 0.75), "integer": 3, "number": 0.5, "layers": (7,)}
    description = DESCRIPTIONS[name]
    value = description.choices[-1] if description.choices else others[description.kind]
    found = differences(Settings(**{name: value}))
    if name == "seed":
        assert found == []
        return
    ((label, paper, ours),) = found
    assert label == DESCRIPTIONS[name].label
    assert paper != ours


def test_another_family_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, but not its own ranges, which compare with nothing.

    What all experiments have, inputs and noise among it, is compared as ever.
    """
    make_known(monkeypatch)
    settings = Settings(family="steep", x=(0, 4), noise=0.5, steepness=3, shots=5, context=2)
    assert differences(settings) == [
        ("Family", "sine", "steep"),
        ("Input x", "−5 to 5", "0 to 4"),
        ("Noise σ", "0", "0.5"),
        ("Support points K", "10 points", "5 points"),
        ("CAVIA's context", "5 values", "2 values"),
    ]
    assert differences(settings.changed(family="sine", shots=10, context=5)) == []


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_found_again(name: str) -> None:
    """By its settings, whatever the seed; a changed setting makes it none."""
    settings = PRESETS[name].settings.changed(seed=7)
    assert matching_preset(settings) == name
    assert matching_preset(settings.changed(noise=0.123)) is None


@pytest.mark.parametrize(
    ("phase", "text"),
    [
        (Range(0, 2 * math.pi), "0 to 2π"),
        (Range(-math.pi / 2, math.pi / 2), "−0.5π to 0.5π"),
        (Range(-1.5, 3), "−1.5 to 3"),
    ],
)
def test_phases_are_multiples_of_pi(phase: Range, text: str) -> None:
    """People write π; other angles stay numbers."""
    assert differences(Settings(phase=phase))[0].ours == text


@pytest.mark.parametrize("shots", [5, 10, 20])
def test_sum_against_mean_is_a_factor_of_k(shots: int) -> None:
    """The sum over K points takes K times the step of the mean, the mean over K a K-th of it."""
    mean, summed, twice = (
        Settings(shots=shots, reduction=how).effective_alpha for how in ("mean", "sum", "mean/K")
    )
    assert summed == pytest.approx(shots * mean, rel=1e-12)
    assert mean == pytest.approx(shots * twice, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("paper", "α = 0.01 on the mean over 10 points."),
        ("authors", "α = 0.001 on the mean over 10 points."),
        ("equation", "α = 0.01 on the sum over 10 points is 0.1 on the mean."),
        ("vmikulik", "α = 0.01 on the mean divided by 10 once more is 0.001 on the mean."),
    ],
)
def test_effective_alpha_in_words(name: str, text: str) -> None:
    """The step size that compares is the one on the mean."""
    assert effective_alpha_text(PRESETS[name].settings) == text


def test_scales_of_the_losses() -> None:
    """Predicting 0 costs 80 times less in the JAX tutorial; over a full circle nothing beats it."""

    def losses(preset: str) -> list[float]:
        return [loss.mse for loss in reference_losses(PRESETS[preset].settings.family)]

    assert losses("paper")[0] == pytest.approx(4.252, abs=1e-3)
    assert losses("jax")[0] == pytest.approx(0.052, abs=1e-3)
    for name in ("animl", "reptile-gist"):
        zero, constant, single = losses(name)
        assert constant == pytest.approx(zero, abs=1e-6)
        assert single == pytest.approx(zero, abs=1e-6)

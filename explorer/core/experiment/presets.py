"""Which MAML did you run? The settings that the paper and the known codes really use.

No two of the public codes for the sine task train the same thing. Each preset holds what one of
them does as far as `Settings` can say it, read off its source, and `beyond` says the rest.
"""

import math
from dataclasses import dataclass

from explorer.core.base.fields import Range
from explorer.core.experiment.settings import Settings

# Codes that write A·sin(x + φ) draw what this program calls −φ.
HALF_TURN_BACK = Range(-math.pi, 0.0)
FULL_TURN_BACK = Range(-2 * math.pi, 0.0)


@dataclass(frozen=True)
class Preset:
    """A named experiment.

    Attributes:
        label: its entry in the menu.
        help: what it is and where it comes from, one sentence.
        settings: all of it that settings can say.
        learners: what it trains; empty to leave that to the user.
        beyond: one sentence for each thing that its source does and settings cannot say.
    """

    label: str
    help: str
    settings: Settings
    learners: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()


PRESETS = {
    "paper": Preset(
        "Paper (10-shot)",
        "The paper's experiment: K = 10, one inner step, 70,000 meta-iterations.",
        Settings(),
    ),
    "5-shot": Preset("5-shot", "The paper's experiment trained with K = 5.", Settings(shots=5)),
    "5-steps": Preset(
        "5 inner steps",
        "Trained for five inner steps instead of one.",
        Settings(inner_steps=5),
    ),
    "quick": Preset(
        "Quick look",
        "5,000 meta-iterations: a few seconds, and already far ahead of pretraining.",
        Settings(iterations=5_000),
    ),
    "equation": Preset(
        "Paper's equation (2)",
        "Equation (2) to the letter: the sum over the K points, ten times the mean's step.",
        Settings(reduction="sum"),
    ),
    "authors": Preset(
        "Authors' code",
        "cbfinn/maml with the command it documents, which leaves α at its default of 0.001.",
        Settings(alpha=0.001, initialisation="normal", pretrain_on="support"),
        beyond=(
            "Its training has no seed; ours has.",
            "It tests on as many query points as support points, 600 tasks with seed 1; this "
            "program tests on evenly spaced inputs.",
        ),
    ),
    "learn2learn": Preset(
        "learn2learn",
        "examples/maml_sine.py of learnables/learn2learn: 5 inner steps, 32 units, 16 tasks.",
        Settings(hidden=(32, 32), inner_steps=5, meta_batch=16, iterations=10_000),
    ),
    "vmikulik": Preset(
        "vmikulik",
        "vmikulik/maml-pytorch: divides the mean by K once more, so α is 0.001; 1,000 tasks.",
        Settings(phase=HALF_TURN_BACK, reduction="mean/K", meta_batch=1000, iterations=10_000),
        beyond=(
            "The losses that it reports are divided by K as well: multiply its curves by 10 to "
            "compare them with ours.",
            "Its query loss is divided by K and summed over the 1,000 tasks instead of averaged; "
            "Adam hides such factors.",
        ),
    ),
    "animl": Preset(
        "ANIML",
        "AdrienLE/ANIML: one task per meta-iteration, phases of a full circle, sin(x + φ).",
        Settings(phase=FULL_TURN_BACK, meta_batch=1, iterations=40_000),
        beyond=(
            "It draws 10,000 tasks with 10 fixed support points each beforehand and goes through "
            "them four times; here every task is fresh.",
            "The gradient of the support loss stays in the one that Adam follows, so that joint "
            "training is mixed into MAML; here the query loss alone counts.",
        ),
    ),
    "hereismari": Preset(
        "hereismari",
        "hereismari/tensorflow-maml: judges the adapted network on its own support points.",
        Settings(judged_on="support", meta_batch=1, iterations=10_000, initialisation="glorot"),
    ),
    "jax": Preset(
        "JAX tutorial",
        "The MAML tutorial of jax-ml/jax: amplitudes to 0.5 only, α = 0.1, K = 20, 4 tasks.",
        Settings(
            amplitude=Range(0.1, 0.5),
            phase=HALF_TURN_BACK,
            shots=20,
            query=20,
            alpha=0.1,
            meta_batch=4,
            iterations=20_000,
            initialisation="glorot",
        ),
        beyond=(
            "Its weights are drawn from Glorot's normal distribution and its biases with "
            "σ = 0.01; here the weights are uniform with the same variance and the biases 0.",
            "With such amplitudes predicting 0 costs 0.05 instead of 4.25: do not compare its "
            "losses with the paper's.",
        ),
    ),
    "maml-tf2": Preset(
        "maml-tf2",
        "pupuis/maml-tf2 (now luis-mueller/maml-tf2), of a web article: Keras's weights.",
        Settings(initialisation="glorot"),
        beyond=(
            "Its loss is summed over the 25 tasks instead of averaged; Adam hides that.",
            "One version keeps the same 25 tasks for 1,000 meta-iterations and draws only their "
            "points anew; here every task is fresh.",
            "It trains for 1,000 meta-iterations unless told otherwise, and does not say how "
            "many its published networks took; here they are 70,000.",
            "The article writes sin(x + φ), the code sin(x − φ) as here.",
        ),
    ),
    "reptile-gist": Preset(
        "Reptile gist",
        "joschu's gist in OpenAI's article on Reptile: 64-64 tanh, α = 0.02, one task.",
        Settings(
            phase=FULL_TURN_BACK,
            hidden=(64, 64),
            activation="tanh",
            alpha=0.02,
            reptile_steps=5,
            meta_batch=1,
            iterations=30_000,
        ),
        learners=("reptile",),
        beyond=(
            "It moves θ by 0.1 of the way to the adapted parameters, and by less and less down "
            "to 0 at the end; here Adam follows that direction with a constant β.",
            "Its five minibatches of 10 make up one grid of 50 evenly spaced inputs; here the "
            "10 support and the 10 query points take turns.",
            "It tests after 32 gradient steps on 10 points.",
        ),
    ),
    "cavia": Preset(
        "CAVIA",
        "lmzintgraf/cavia: 5 context parameters, which alone adapt, with α = 1.",
        Settings(iterations=50_000),
        learners=("cavia",),
        beyond=(
            "It keeps the network that was best on validation tasks, looked at every 5,000 "
            "iterations.",
        ),
    ),
    "cavia-maml": Preset(
        "MAML in CAVIA",
        "lmzintgraf/cavia as its README runs MAML: α = 0.1, ten times the MAML paper's.",
        Settings(alpha=0.1, iterations=50_000),
        learners=("maml",),
        beyond=(
            "Its initial weights are uniform by the number of a layer's outputs, here by that of "
            "its inputs.",
            "It keeps the network that was best on validation tasks, looked at every 5,000 "
            "iterations.",
        ),
    ),
    **{
        f"mmaml-{modes}": Preset(
            f"MMAML, {modes} modes",
            f"MMAML (Vuorio et al. 2019): {kinds}, 5 inner steps.",
            Settings(
                family=f"mmaml-{modes}",
                hidden=(100, 100, 100),
                shots=5,
                query=5,
                inner_steps=5,
                alpha=0.001,
                meta_batch=25 * modes,
            ),
            beyond=(
                "This is the plain MAML that it compares with; its own learner also modulates the "
                "network by an encoding of the task.",
                "Its “10 samples” are 5 support and 5 query points, as here.",
            ),
        )
        for modes, kinds in (
            (2, "sines and lines"),
            (3, "sines, lines and parabolas"),
            (5, "sines, lines, parabolas, tanh and |x|"),
        )
    },
    "multistep": Preset(
        "ALPaCA multistep",
        "MAML in StanfordASL/ALPaCA on step functions with three flips (arXiv 1807.08912).",
        Settings(family="multistep", alpha=0.001, iterations=15_000, initialisation="normal"),
        beyond=(
            "ALPaCA itself learns a Bayesian last layer on three layers of 128 tanh; this is the "
            "MAML that it compares with, the authors' code as it is for sines.",
            "In its notebooks that comes from 0.48 to 0.44, hardly below the 0.479 of the best "
            "single function: look at the verdict of an evaluation.",
        ),
    ),
}


def matching_preset(settings: Settings) -> str | None:
    """The preset that these settings are, whatever their seed."""
    same = (n for n, p in PRESETS.items() if p.settings.changed(seed=settings.seed) == settings)
    return next(same, None)

"""The longer texts of ``--help``."""

import textwrap
from collections.abc import Mapping

from explorer.core.evaluation.grid import GRID_POINTS
from explorer.core.experiment.presets import PRESETS
from explorer.core.jobs.reproduction import ITEMS
from explorer.core.learners import LEARNERS

WIDTH = 100


def listing(entries: Mapping[str, str]) -> str:
    """Names and what they are, as two columns."""
    indent = 4 + max(map(len, entries))
    return "\n".join(
        textwrap.fill(
            text, WIDTH, initial_indent=f"  {name}".ljust(indent), subsequent_indent=" " * indent
        )
        for name, text in entries.items()
    )


PRESET_LIST = listing({name: preset.help for name, preset in PRESETS.items()})
LEARNER_LIST = listing(
    {name: f"{learner.label} ({learner.source})" for name, learner in LEARNERS.items()}
)

WINDOW_HELP = f"""\
Train MAML live on sines or another family of functions, click K points and watch the network
adapt. Without a command the window opens.

presets:
{PRESET_LIST}"""

WINDOW_EXAMPLES = """\
examples:
  maml-explorer
  maml-explorer --preset quick --seed 3
  maml-explorer --open maml.safetensors
  maml-explorer train --preset quick --output maml.safetensors
  maml-explorer evaluate maml.safetensors
  maml-explorer grid maml.safetensors
  maml-explorer inspect maml.safetensors
  maml-explorer adapt maml.safetensors --amplitude 3 --phase 1 --x=-3.2,-1,0.5

Data goes to standard output, messages to standard error. Exit codes: 0 done, 2 wrong use or bad
input, 130 interrupted."""

TRAIN_HELP = f"""\
Train one or several learners from a preset, with any of its settings replaced, and save a
checkpoint that plain PyTorch can load and that training can resume from. Ctrl-C saves what there
is. Learners that are trained together see the same points of the same tasks; their file holds all
of them, for the window, for evaluate and for --resume.

presets:
{PRESET_LIST}

learners:
{LEARNER_LIST}"""

TRAIN_EXAMPLES = """\
examples:
  maml-explorer train --output maml.safetensors
  maml-explorer train --preset quick --learner pretrained --output baseline.safetensors
  maml-explorer train --learner maml,first-order,anil --output together.safetensors
  maml-explorer train --learner maml,oracle --output {learner}.safetensors
  maml-explorer train --family line --slope -1 1 --output line.safetensors
  maml-explorer train --amplitude 1 3 --hidden 64,64 --activation tanh --output tanh.safetensors
  maml-explorer train --resume maml.safetensors --iterations 100000 --output maml.safetensors
  maml-explorer train --resume weights.pt --learner reptile --output further.safetensors

--json prints one object: file, learner, iterations (done so far), finished (false if Ctrl-C came
first), seed, seconds (of training), losses (name: mean over the last 100 meta-iterations or
fewer), settings, and learners (name: its file, seconds and losses); file, learner and losses are
those of the first learner. The progress bar shows the losses, in the same order, of many
learners the last alone."""

EVALUATE_HELP = f"""\
Adapt each network of each file to fresh tasks of the distribution it was trained on, and print
the mean squared error on {GRID_POINTS} evenly spaced inputs after 0, 1, … gradient steps. With the
same seed, all networks meet the same tasks.

The mean is over all tasks. A task is lost once adaptation to it has diverged, or gone astray: its
error on the whole function exceeds twice what predicting zero costs, on it and on average, and
what it was before adaptation. A lost task counts in the mean with what predicting zero costs on
it, and in the median as infinite. Where tasks are lost their numbers are shown, and "kept", the
mean of the others, which flatters: it is withheld where more than 5 % are lost.

The tasks are 20 independent sets (fewer than 20 tasks are a set each), each spread evenly over all
parameters and inputs (a scrambled Sobol sequence with random digital shifts); the 95 % interval of
a mean is Student's from the spread between the sets, wider where few tasks make up much of the
mean. Over 200 seeds of each shipped network it held the true mean 95 times in 100 on average, and
in nine of ten cases between 92 and 98 times; where one task in thousands makes much of the mean,
which 600 tasks cannot show, less often (README, "Do the intervals hold?").

Did it learn anything? A sentence says which share of the way it has come from the best single
function, which is the same for all tasks, to the ideal learner, which knows the family and its
ranges. With --against the differences on the same tasks follow, which say whether a gap is noise;
a task that one has lost counts for it as predicting zero. All then meet the tasks of the first
file's training, unless others are given.

A file may also hold weights alone: safetensors, or a state dict that torch.save wrote (.pt, .pth),
with one weight and bias for each layer under names that differ in one number, one output and at
least one hidden layer. Its inputs are x and, for CAVIA, the context values or, for the oracle, the
parameters of the task. What shapes do not tell is said by flags: --learner, --family and those at
the end."""

EVALUATE_EXAMPLES = """\
examples:
  maml-explorer evaluate maml.safetensors
  maml-explorer evaluate maml.safetensors baseline.safetensors --shots 5 10 20 --steps 10
  maml-explorer evaluate maml.safetensors --tasks 2000 --seed 7 --json
  maml-explorer evaluate cavia.pt --learner cavia --context-alpha 0.5
  maml-explorer evaluate maml.safetensors fo.safetensors --learner maml,first-order --against maml
  maml-explorer evaluate maml.safetensors --amplitude 5 10 --noise 0.3 --learner ideal --export out

The files come before --shots. --json prints {"learners": [{"file", "name", "label",
"distribution", "results": [{"shots", "tasks", "alpha", "full", "full_ci95", "median", "mse",
"ci95", "diverged", "astray", "verdict"}]}]}. As lists over the steps: full is the mean over all
tasks and full_ci95 the half-width of its 95 % interval; mse and ci95 are those of the kept, null
where more than 5 % are lost; diverged and astray count the lost. verdict has "shares" of the way
from the best single function's error ("single") to the ideal learner's ("ideal"; null where that
is not known, and then the way is to zero) after each step, and "text". What is not finite is null.
--against adds "against", "notes" (the differences in words) and to each other learner
"differences": [{"shots", "mean", "ci95", "pairs", "lost", "more_than_chance"}], where lost counts
tasks that either has lost; --export adds "files"."""

GRID_HELP = """\
Train once, test everything: adapt one network with every number of support points and every step
size, and print the mean squared error after every step, at the best step size of each cell and at
its own. Where one more step raises the error by more than chance the cell is marked."""

GRID_EXAMPLES = """\
examples:
  maml-explorer grid maml.safetensors
  maml-explorer grid maml.safetensors --shots 5 10 --steps 50 --alphas 0.001 0.005 0.02
  maml-explorer grid maml.safetensors --amplitude 5 10 --json
  maml-explorer grid maml.safetensors --export figures

--json prints {"file", "name", "own_alpha", "tasks", "seed", "distribution", "grid": [{"shots",
"alpha", "full", "full_ci95", "median", "mse", "ci95", "diverged", "astray", "hurts"}] with lists
over the steps as evaluate has them, "best": [{"shots", "steps", "alpha", "full"}], "notes"};
--export adds "files"."""

INSPECT_HELP = """\
Say in numbers why each network of each file adapts as it does to the tasks of its training.

strength   how far one step moves the curve at a lone point for a residual of 1: 2α·k(x, x), the
           mean over x, of the tangent kernel k(x, x′) = ∇f(x)ᵀM∇f(x′), where M is what the learner
           multiplies its gradients by
likeness   correlation of k with the kernel of the tasks themselves, cos(x − x′) for sines
rank       effective rank (Σw)²/Σw² of k's eigenvalues w
gains      share of an error in each of the two directions of the tasks that a step on points
           everywhere would remove
fan area   of many tasks adapted by one step on evenly spaced points, over that of the tasks
λ          at each step the eigenvalues of (2α/K)·JMJᵀ, J being ∇f at the support points: an error
           along one with λ > 2 grows
layer      its share of ‖∇L‖², and the error after one step in which it alone may move; context
           values, where a network has such, are the last

Figures on tasks are those of evaluate with the same seed."""

INSPECT_EXAMPLES = """\
examples:
  maml-explorer inspect maml.safetensors
  maml-explorer inspect maml.safetensors baseline.safetensors --steps 10 --tasks 600
  maml-explorer inspect maml.safetensors --shots 5 --alpha 0.02 --seed 3 --json

--json prints {"learners": [{"file", "name", "strength", "cosine" (the likeness), "rank", "gains"
(two, ascending), "area", "lambda" (for each step the means of λ₁ to λ₄ over the tasks that have not
diverged), "unstable" (for each step the share of tasks with λ₁ > 2, or diverged), "measured" (for
each step the median error, a lost task counting as infinite), "layers" (shares of ‖∇L‖²), "only"
(error after one step with only that layer)}]}. Of a learner without gradient steps all but "area"
and "measured" are null; of tasks that lie in no plane "cosine", "gains" and "area" are; what is not
finite is null. For a learner that only chooses which layers adapt, as ANIL does, "only" makes
another choice."""

REPRODUCE_HELP = f"""\
Train with a paper's settings, measure on 600 held-out tasks, and print every number beside the
paper's, with its 95 % interval, how it was measured, and where it disagrees.

items:
{listing({item.name: item.help for item in ITEMS.values()})}
  all       the MAML paper's figures and table with steps100, sharing their trainings

Trainings are kept in the user's data folder and saved every few seconds: a command that was
stopped goes on where it was, and no training is done twice. --quick trains less, such as 15,000
instead of 70,000 meta-iterations. --seeds 5 trains each learner five times, measures all on the
same tasks, and prints how far trainings differ apart from the interval over tasks."""

REPRODUCE_EXAMPLES = """\
examples:
  maml-explorer reproduce table2
  maml-explorer reproduce fig3 --quick --export figures
  maml-explorer reproduce meta-sgd --seeds 3
  maml-explorer reproduce all --seed 3 --json --export figures

--json prints one object: rows [{"item", "learner", "label", "shots", "steps", "paper", "ours",
"ci95", "diverged", "verdict", "median", "kept", "astray", "seeds", "ci95_seeds"}], figures
[{"item", "title", "notes", "protocol", "provenance"}], quick, seed, seeds and seconds. "ours" is
the mean over all tasks, as evaluate has it; "ci95" is over tasks, "ci95_seeds" over training seeds.
"verdict" is "agrees" while the paper's number lies within our reach, else "better" or "worse"; what
is not finite or not in the paper is null."""

QUERY_POINTS_HELP = """\
How many query points does MAML need? The paper does not say how many it judges the adapted network
on. Train MAML with the paper's settings and 1, 2, 5, 10, 20 and 50 fresh query points for each
task, and with the support points again, each from several seeds, and print the mean squared error
after one and after ten gradient steps with what the seeds differ by.

Trainings are kept beside those of reproduce: a command that was stopped goes on where it was.
With three seeds they take about ten minutes; --quick trains 15,000 instead of 70,000
meta-iterations."""

QUERY_POINTS_EXAMPLES = """\
examples:
  maml-explorer query-points --quick
  maml-explorer query-points --seeds 5 --export figures
  maml-explorer query-points --tasks 2000 --json

--json prints {"trainings": [{"query" (null: the support points again), "seed", "full",
"full_ci95", "median", "mse", "ci95", "diverged", "astray"}] with lists over the steps as evaluate
has them, "summary": [{"query", "steps", "mean", "sd", "low", "high" (of full over the seeds),
"ci95" (of the mean, by Student's t), "diverged", "astray"}], "quick", "iterations", "shots",
"seeds", "tasks", "seed", "notes", "protocol", "provenance"}; --export adds "files". What is not
finite is null."""

ADAPT_HELP = f"""\
Adapt a network to points of one task and print how its error falls, on the points (support) and
against the task's function, on {GRID_POINTS} evenly spaced inputs. The task is of the family that
the network was trained on: A·sin(x − φ) by --amplitude and --phase, any other by --task."""

ADAPT_EXAMPLES = """\
examples:
  maml-explorer adapt maml.safetensors --amplitude 3 --phase 1 --x=-3.2,-1,0.5
  maml-explorer adapt maml.safetensors --amplitude 3 --phase 1 --x=-1,2 --y=0.4,-2 --steps 1 --json
  maml-explorer adapt line.safetensors --task=-2,1 --x=-3,2 --steps 5

--json prints {"x": the inputs, "truth": the function there, "steps": [{"step", "support_mse",
"mse", "y": the network there}], "diverged": null or {"step", "curvature"}}; what is not finite is
null."""

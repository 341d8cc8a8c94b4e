"""The longer texts of ``--help``."""

from explorer.core.presets import PRESETS

WINDOW_HELP = f"""\
Train MAML live on sine tasks, click K points and watch the network adapt. Without a command
the window opens.

presets:
{chr(10).join(f"  {name:<9} {preset.help}" for name, preset in PRESETS.items())}"""

WINDOW_EXAMPLES = """\
examples:
  maml-explorer
  maml-explorer --preset quick --seed 3
  maml-explorer --open maml.safetensors
  maml-explorer train --preset quick --output maml.safetensors
  maml-explorer evaluate maml.safetensors
  maml-explorer grid maml.safetensors
  maml-explorer adapt maml.safetensors --amplitude 3 --phase 1 --x=-3.2,-1,0.5

Data goes to standard output, messages to standard error. Exit codes: 0 done, 2 wrong use or bad
input, 130 interrupted."""

TRAIN_HELP = """\
Train one learner from a preset, with any of its settings replaced, and save a checkpoint that
plain PyTorch can load and that training can resume from. Ctrl-C saves what there is."""

TRAIN_EXAMPLES = """\
examples:
  maml-explorer train --output maml.safetensors
  maml-explorer train --preset quick --learner pretrained --output baseline.safetensors
  maml-explorer train --amplitude 1 3 --hidden 64,64 --activation tanh --output tanh.safetensors
  maml-explorer train --resume maml.safetensors --iterations 100000 --output maml.safetensors

--json prints one object: file, learner, iterations (done so far), finished (false if Ctrl-C came
first), seed, seconds (of training), losses (name: mean over the last 100 meta-iterations or
fewer) and settings. The progress bar shows these losses, in the same order."""

EVALUATE_HELP = """\
Adapt each network of each file to fresh tasks of the distribution it was trained on, and print
the mean squared error on 100 evenly spaced inputs after 0, 1, … gradient steps. Together the
tasks cover all amplitudes, phases and inputs evenly (a scrambled Sobol sequence), so that the
seed matters little; with the same seed, all networks meet the same tasks. A task on which
adaptation diverged is counted, left out of the mean, and infinite in the median.

With --against the differences on the same tasks follow, which say whether a gap is noise; all
then meet the tasks of the first file's training, unless others are given."""

EVALUATE_EXAMPLES = """\
examples:
  maml-explorer evaluate maml.safetensors
  maml-explorer evaluate maml.safetensors baseline.safetensors --shots 5 10 20 --steps 10
  maml-explorer evaluate maml.safetensors --tasks 2000 --seed 7 --json
  maml-explorer evaluate maml.safetensors fo.safetensors --learner maml,first-order --against maml
  maml-explorer evaluate maml.safetensors --amplitude 5 10 --noise 0.3 --learner ideal --export out

The files come before --shots. --json prints {"learners": [{"file", "name", "label",
"distribution", "results": [{"shots", "tasks", "alpha", "mse", "median", "ci95", "diverged"}]}]},
the last four as lists over the steps; ci95 is the half-width of the 95 % interval of the mean of
independent tasks (evenly spread ones scatter less), and what is not finite is null. --against adds
"against", "notes" (the differences in words) and to each other learner "differences": [{"shots",
"mean", "ci95", "pairs", "left_out", "more_than_chance"}]; --export adds "files"."""

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
"alpha", "mse", "median", "ci95", "diverged", "hurts"}] with lists over the steps, "best":
[{"shots", "steps", "alpha", "mse"}], "notes"}; --export adds "files"."""

ADAPT_HELP = """\
Adapt a network to points of one sine A·sin(x − φ) and print how its error falls, on the points
(support) and against the sine, on 100 evenly spaced inputs."""

ADAPT_EXAMPLES = """\
examples:
  maml-explorer adapt maml.safetensors --amplitude 3 --phase 1 --x=-3.2,-1,0.5
  maml-explorer adapt maml.safetensors --amplitude 3 --phase 1 --x=-1,2 --y=0.4,-2 --steps 1 --json

--json prints {"x": the inputs, "truth": the sine there, "steps": [{"step", "support_mse", "mse",
"y": the network there}], "diverged": null or {"step", "curvature"}}; what is not finite is null."""

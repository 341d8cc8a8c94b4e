"""``python -m explorer.state.make_first_answer FILE`` computes the first picture and writes it."""

import sys
from pathlib import Path

from explorer.resources import shipped_checkpoints
from explorer.state.adaptation_query import AdaptationAnswer, answer
from explorer.state.competitors import from_shipped
from explorer.state.first_answer import keep
from explorer.state.sandbox import Sandbox


def make() -> AdaptationAnswer:
    """The engine's answer to what the sandbox asks when the window opens."""
    return answer(Sandbox(from_shipped(*shipped_checkpoints())).question)


if __name__ == "__main__":
    keep(make(), Path(sys.argv[1]))

"""``python -m explorer.state.make_first_answer FILE`` computes the first picture and writes it."""

import sys
from pathlib import Path

from explorer.resources import CHECKPOINTS, resource
from explorer.state.competitors import from_shipped
from explorer.state.first_answer import keep
from explorer.state.sandbox import Sandbox
from explorer.state.trails import Answer, answer


def make() -> Answer:
    """The engine's answer to what the sandbox asks when the window opens."""
    return answer(Sandbox(from_shipped(*map(resource, CHECKPOINTS))).question)


if __name__ == "__main__":
    keep(make(), Path(sys.argv[1]))

"""What the tests of the state share."""

from collections.abc import Iterator

import pytest

from explorer import resources
from explorer.state.competitors import Competitors, from_shipped
from explorer.state.sandbox import Sandbox


@pytest.fixture(scope="module")
def competitors() -> Competitors:
    names = (resources.MAML_CHECKPOINT, resources.PRETRAINED_CHECKPOINT)
    return from_shipped(*(resources.resource(name) for name in names))


@pytest.fixture
def sandbox(competitors: Competitors, qapp: object) -> Iterator[Sandbox]:
    sandbox = Sandbox(competitors)
    sandbox.start()
    yield sandbox
    sandbox.shut_down()

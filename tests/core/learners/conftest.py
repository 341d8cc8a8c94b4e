"""The networks and inner loops on which every closed form is tried."""

import pytest


@pytest.fixture(params=[(6,), (5, 4, 6)], ids=str)
def hidden(request: pytest.FixtureRequest) -> tuple[int, ...]:
    return request.param


@pytest.fixture(params=["relu", "tanh"])
def activation(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=[1, 2, 5])
def steps(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(params=[False, True], ids=["last step", "every step"])
def every_step(request: pytest.FixtureRequest) -> bool:
    return request.param

"""Training, frames and answers with the window open, offscreen and on a virtual X screen."""

from collections.abc import Iterator
from typing import Any

from tests.benchmarks.measure import Options, Row, measured, not_measured
from tests.benchmarks.platforms import ANSWER, rows_of_drags, seen_on_platforms, tail


def rows(options: Options) -> Iterator[Row]:
    """All rows of the section."""
    for platform, seen in seen_on_platforms("scenes", options):
        if isinstance(seen, str):
            yield not_measured(f"frames and answers on an {platform}", seen, ANSWER)
        else:
            yield from _rows(platform, seen)


def _rows(platform: str, seen: dict[str, Any]) -> Iterator[Row]:
    yield from rows_of_drags(platform, seen)
    yield tail(f"{platform}: click to its answer on screen", seen["click"], ANSWER)
    for name, samples in seen["paint"].items():
        yield measured(f"{platform}: painting the {name}", samples, "ms")
    for name, samples in seen["draw"].items():
        yield measured(f"{platform}: handing the {name} panel its numbers", samples, "ms")

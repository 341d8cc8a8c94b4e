"""Every page of *Why it works* while training goes on, offscreen and on a virtual X screen."""

from collections.abc import Iterator

from tests.benchmarks.measure import Options, Row, at_most, measured, not_measured
from tests.benchmarks.platforms import ANSWER, rows_of_drags, seen_on_platforms

OPENING = at_most(150)


def rows(options: Options) -> Iterator[Row]:
    """All rows of the section."""
    for platform, seen in seen_on_platforms("instrument_scenes", options):
        if isinstance(seen, str):
            yield not_measured(f"instruments on an {platform}", seen, ANSWER)
            continue
        yield measured(f"{platform}: opening the tab", [seen["opening"]], "ms", OPENING)
        for page, drags in seen["pages"].items():
            yield from rows_of_drags(f"{platform}, {page}", drags)

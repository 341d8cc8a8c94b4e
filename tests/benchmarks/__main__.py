"""Measures every section in turn, prints one table and writes everything as JSON."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.measure import Options, machine, table
from tests.benchmarks.running import apart

# Each is a module of this package: what it measures.
SECTIONS = {
    "engine": "meta-iterations per second against the peers and the floor",
    "growth": "how the cost grows with tasks, width, inner steps and K",
    "evaluation": "the 600-task evaluation, and an adaptation in the sandbox",
    "threads": "training on one core and on two",
    "window": "training speed, frames and answers in the window, on X and offscreen",
    "instruments": "the same with each page of Why it works open",
    "memory": "resident memory and redraw time over a million iterations",
    "start": "from the command to a painted window, and to the answer of a click",
}
CAPTION = "Spread: quartiles of a median; least and largest sample of other figures."
RESULTS = Path(__file__).parent / "results"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="sections:\n" + "\n".join(f"  {name:12}{text}" for name, text in SECTIONS.items()),
    )
    parser.add_argument(
        *("--only", "-o"),
        nargs="+",
        choices=SECTIONS,
        default=list(SECTIONS),
        metavar="SECTION",
        help="measure these sections alone",
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a first look")
    parser.add_argument("--json", type=Path, help="where to write (default: results/<date>.json)")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    given = _parser().parse_args(arguments)
    about = machine()
    rows = [row for section in given.only for row in apart(section, Options(given.quick))]
    sys.stdout.write(f"\n{table(rows)}\n\n{CAPTION}\n")
    path: Path = given.json or RESULTS / f"{about['date'].replace(':', '-')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"machine": about, "quick": given.quick, "rows": [row.to_dict() for row in rows]}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stderr.write(f"written to {path}\n")


if __name__ == "__main__":
    main()

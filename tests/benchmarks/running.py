"""Runs a section in a process of its own and gathers its rows, whatever becomes of it."""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from importlib import import_module

from tests.benchmarks.measure import Options, Row, not_measured, table


def collect(section: str, options: Options) -> list[Row]:
    """All rows of a section, and a last one in place of those that an error has cost."""
    rows = []
    try:
        for row in import_module(f"tests.benchmarks.{section}").rows(options):
            rows.append(replace(row, section=section))
            sys.stderr.write(table(rows[-1:]).splitlines()[-1] + "\n")
    except Exception as error:  # noqa: BLE001 - the other sections shall still be measured
        lost = not_measured("the rest of the section", f"{type(error).__name__}: {error}")
        rows.append(replace(lost, section=section))
    return rows


def apart(section: str, options: Options) -> list[Row]:
    """`collect` in a fresh process, which leaves this one and the next section untouched."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        try:
            return pool.submit(collect, section, options).result()
        except BrokenProcessPool as error:
            return [replace(not_measured("the section", str(error)), section=section)]

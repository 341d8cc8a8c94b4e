"""The benchmark: ``python -m tests.benchmarks``, see `tests.benchmarks.measure`.

A section is a module of this package with a function

    def rows(options: Options) -> Iterator[Row]: ...

and a line in `tests.benchmarks.__main__.SECTIONS`. It yields its rows one by one, in the order in
which they shall stand in the table, made with `measure.measured` or `measure.not_measured`.
Every section runs in a fresh process of its own: it may pin itself to cores, set environment
variables before it imports a library, and change module constants, and nothing of that reaches
the next section. What it raises becomes a row that says so; the rows before it are kept.
Nothing here is collected by pytest: no test asserts a time.
"""

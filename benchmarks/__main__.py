"""Everything at once: `python -m benchmarks` measures all questions and keeps the figures in `benchmarks/results.json`.

About an hour on two cores. `--only streams` measures one question again and leaves the others as they are. What the
file says is made into tables and plots by `python -m benchmarks.report`.
"""

import argparse
import sys

from benchmarks import _measure as measure
from benchmarks.report import QUESTIONS, Results, question


def main() -> None:
    """Measures, and saves after each question."""
    parser = argparse.ArgumentParser(description="All benchmarks")
    measure.add_options(parser)
    parser.add_argument("--only", action="append", choices=QUESTIONS, help="this question; may be repeated")
    options = parser.parse_args()
    results = Results.read()
    for name in options.only or QUESTIONS:
        print(name, file=sys.stderr, flush=True)
        rows = measure.measure(question(name), rounds=options.rounds, seconds=options.seconds, only=options.client)
        results.machine[name] = measure.machine()
        known = results.figures.setdefault(name, {})
        for row, clients in rows.items():
            known.setdefault(row, {}).update(clients)
        results.write()
        print(measure.as_text(rows), flush=True)


if __name__ == "__main__":
    main()

"""`benchmarks/results.json` → the tables of `docs/performance.md` and the plots beside them.

`python -m benchmarks.report` writes both; the plots need matplotlib (`[bench]`).
"""

import importlib
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from benchmarks._measure import Question, Rows
from benchmarks.clients import BARE, CLIENTS, FLOOR, OURS

QUESTIONS = ("streams", "requests", "open_streams", "embeddings", "download", "polling", "import")
ROOT = Path(__file__).parent.parent
FILE = Path(__file__).parent / "results.json"
PAGE = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "performance"
BEGIN, END = "<!-- tables: python -m benchmarks.report -->\n", "<!-- end of tables -->"
SHOWN = {f"{OURS}[speed]": "ours, uvloop", FLOOR: "floor", BARE: "bare aiohttp"}
"""How clients are called in the tables, where not by their name."""


class Results(msgspec.Struct):
    """What was measured."""

    machine: dict[str, dict[str, str]]
    """Question → processor, system, versions."""
    figures: dict[str, Rows]
    """Question → row → client → a value per round."""

    @classmethod
    def read(cls) -> "Results":
        """The results that are kept; empty where there are none."""
        return msgspec.json.decode(FILE.read_bytes(), type=cls) if FILE.exists() else cls({}, {})

    def write(self) -> None:
        """Keep them, each value with four digits."""
        for rows in self.figures.values():
            for clients in rows.values():
                clients.update((name, [float(f"{value:.4g}") for value in values]) for name, values in clients.items())
        FILE.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")


def question(name: str) -> Question:
    """The text that belongs to a question's figures."""
    found: Question = importlib.import_module(f"benchmarks.bench_{name}").QUESTION
    return found


def medians(clients: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Client → the middle of its rounds, in the order of `CLIENTS`."""
    return {name: statistics.median(clients[name]) for name in CLIENTS if clients.get(name)}


def number(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(asked: Question, rows: Rows) -> str:
    """Rows down, clients across: ours as measured, the others as multiples of ours."""
    present = [name for name in CLIENTS if name != OURS and any(name in clients for clients in rows.values())]
    head = ["work", "ours", *(SHOWN.get(name, name) for name in present)]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row, clients in rows.items():
        middle = medians(clients)
        ours = middle[OURS]
        cells = [f"{number(middle[name] / ours)} ×" if name in middle else "–" for name in present]
        lines.append(f"| {row} | {number(ours)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def aims(asked: Question, rows: Rows) -> Iterator[str]:
    """A line per aim: what was aimed at and what came."""
    for row, wanted in asked.aims.items():
        middle = medians(rows.get(row, {}))
        for aim in wanted:
            if OURS not in middle or aim.other not in middle:
                continue
            other = SHOWN.get(aim.other, aim.other)
            if aim.most is not None:
                got = middle[OURS] / middle[aim.other]
                yield f"| {row} | at most {aim.most:g} × {other} | {got:.2f} × | {'met' if got <= aim.most else 'missed'} |"
            if aim.least is not None:
                got = middle[aim.other] / middle[OURS]
                word = "met" if got >= aim.least else "missed"
                yield f"| {row} | at least {aim.least:g} times cheaper than {other} | {got:.1f} | {word} |"


def spread(results: Results) -> float:
    """The middle of all half spreads, as a share of the median."""
    shares = [
        (max(values) - min(values)) / 2 / statistics.median(values)
        for rows in results.figures.values()
        for clients in rows.values()
        for values in clients.values()
        if len(values) > 1 and statistics.median(values) > 0
    ]
    return statistics.median(shares)


def page(results: Results) -> str:
    """All tables, as the page has them."""
    parts: list[str] = []
    goals: list[str] = []
    for name in QUESTIONS:
        rows = results.figures.get(name)
        if not rows:
            continue
        asked = question(name)
        parts += [f"### {asked.title}", asked.note, f"![{asked.title}](performance/{name}.svg)", table(asked, rows)]
        goals += aims(asked, rows)
    head = "| work | aim | measured | |\n|---|---|---|---|"
    parts += ["### Aims", "\n".join([head, *goals])]
    facts = results.machine[QUESTIONS[0]]
    versions = ", ".join(f"{name} {value}" for name, value in facts.items() if name not in ("processor", "system"))
    rounds = max(len(values) for rows in results.figures.values() for row in rows.values() for values in row.values())
    parts.append(
        f"Measured on {facts['processor']} ({facts['system']}); {versions}. Medians of {rounds} processes each; "
        f"half of the figures repeat within ±{spread(results):.0%}."
    )
    return "\n\n".join(parts) + "\n"


def write_page(results: Results) -> None:
    """Put the tables into the page, between their marks."""
    head, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n{page(results)}\n{END}{tail}")


def plot(name: str, asked: Question, rows: Rows) -> None:
    """One picture per question: a bar per client, on a scale where each step is a factor."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    # Text stays text, ids stay the same from run to run, and no date: the files change with the figures only.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": name, "font.family": "sans-serif", "font.size": 9})
    height = sum(0.24 * len(clients) + 0.45 for clients in rows.values())
    ratios = [len(clients) + 1 for clients in rows.values()]
    figure, axes = pyplot.subplots(
        len(rows), 1, figsize=(7, height), height_ratios=ratios, squeeze=False, layout="constrained"
    )
    for axis, (row, clients) in zip(axes[:, 0], rows.items(), strict=True):
        middle = dict(reversed(medians(clients).items()))
        bars = axis.barh(
            [SHOWN.get(client, client) for client in middle],
            list(middle.values()),
            color=["#0b7285" if client.startswith(OURS) else "#ced4da" for client in middle],
        )
        axis.bar_label(bars, [f"{number(value)}" for value in middle.values()], padding=3)
        axis.set_xscale("log")
        axis.set_xlim(min(middle.values()) / 3, max(middle.values()) * 3)
        axis.set_title(row, loc="left", fontsize=9)
        axis.xaxis.set_visible(False)
        axis.spines[["top", "right", "bottom"]].set_visible(False)
    PLOTS.mkdir(exist_ok=True)
    figure.savefig(PLOTS / f"{name}.svg", metadata={"Date": None})
    pyplot.close(figure)


def main() -> None:
    """Writes the page's tables and the plots."""
    results = Results.read()
    write_page(results)
    for name, rows in results.figures.items():
        plot(name, question(name), rows)
    print(f"{PAGE.relative_to(ROOT)}, {PLOTS.relative_to(ROOT)}/*.svg")


if __name__ == "__main__":
    main()

"""A batch as it runs: rows that move on a terminal, a line every few seconds everywhere else. All of it on stderr."""

import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol, Self

from tikhub_async._cli import output

if TYPE_CHECKING:
    from tikhub_async.batch import BatchReport, ClusterReport

BAR_WIDTH = 24
WINDOW = 15.0
"""Seconds over which the rate is measured: long enough to be calm, short enough to show a change."""
LIVE_SECONDS = 0.25
LINE_SECONDS = 10.0
KINDS_SHOWN = 4


class Rate:
    """Lines per second of late, and what that means for the rest."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, settled: int, now: float) -> None:
        """How many lines are settled now."""
        self._seen.append((now, settled))
        while len(self._seen) > 2 and self._seen[0][0] < now - WINDOW:
            self._seen.popleft()

    @property
    def per_second(self) -> float:
        """0 while nothing is known."""
        if len(self._seen) < 2:
            return 0.0
        (then, before), (now, after) = self._seen[0], self._seen[-1]
        return (after - before) / (now - then) if now > then else 0.0

    def left(self, settled: int, total: int | None) -> float | None:
        """Seconds to the end at this rate; None when that cannot be said."""
        rate = self.per_second
        return None if total is None or rate <= 0 else max(total - settled, 0) / rate


def clock_of(seconds: float | None) -> str:
    """Seconds as people read them: `0:42`, `1:02:03`."""
    if seconds is None:
        return "–"
    whole = int(seconds + 0.5)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def progress_text(report: "BatchReport", rate: Rate) -> str:
    """How far it is."""
    of = "" if report.total is None else f" of {report.total:,}"
    return (
        f"{report.settled:,}{of} · {rate.per_second:,.1f}/s · ETA {clock_of(rate.left(report.settled, report.total))}"
    )


def cost_text(report: "BatchReport") -> str:
    """What it does and what it has cost so far."""
    parts = [f"{report.in_flight} in flight of {report.limit}"]
    if report.open_videos:
        parts.append(f"{report.open_videos} videos under way")
    if report.tokens_in or report.tokens_out:
        parts.append(f"{report.tokens_in:,} + {report.tokens_out:,} tokens")
    if report.quota:
        parts.append(f"{report.quota:,.0f} quota")
    if report.refused:
        parts.append(f"{report.refused:,} refused for now")
    return " · ".join(parts)


def trouble_text(report: "BatchReport | ClusterReport") -> str:
    """What went wrong so far, by kind; `""` when nothing did."""
    doubts = report.in_doubt if isinstance(report.in_doubt, int) else len(report.in_doubt)
    parts: list[str] = []
    if report.failed or report.errors:
        kinds = sorted(report.errors.items(), key=lambda entry: -entry[1])
        shown = ", ".join(f"{code} {count:,}" for code, count in kinds[:KINDS_SHOWN])
        more = f", {len(kinds) - KINDS_SHOWN} more" if len(kinds) > KINDS_SHOWN else ""
        parts.append(f"{report.failed:,} failed ({shown}{more})" if shown else f"{report.failed:,} failed")
    if doubts:
        parts.append(f"{doubts:,} in doubt")
    if report.pending:
        parts.append(f"{report.pending:,} pending")
    return " · ".join(parts)


class BatchBoard(Protocol):
    """Shows how a batch stands while it is entered."""

    interval: float
    """Seconds between two looks."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc_info: object) -> None: ...

    def show(self, report: "BatchReport") -> None:
        """How it stands now."""

    def note(self, text: str) -> None:
        """A line for people."""


def make_batch_board() -> BatchBoard:
    """Rows where stderr is a terminal, lines where it is not."""
    return Rows() if output.is_live(sys.stderr) else Lines()


class Lines:
    """A line every few seconds."""

    interval = LINE_SECONDS

    def __init__(self) -> None:
        self._rate = Rate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def show(self, report: "BatchReport") -> None:
        """Print everything on one line."""
        self._rate.note(report.settled, time.monotonic())
        texts = (progress_text(report, self._rate), cost_text(report), trouble_text(report))
        output.note(" · ".join(filter(None, texts)))

    def note(self, text: str) -> None:
        """Straight to stderr."""
        output.note(text)


class Rows:
    """A bar, and below it what it costs and what went wrong."""

    interval = LIVE_SECONDS

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._rate = Rate()
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(console=self._console, refresh_per_second=4, redirect_stdout=False, redirect_stderr=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._live.stop()

    def show(self, report: "BatchReport") -> None:
        """Draw it anew."""
        self._rate.note(report.settled, time.monotonic())
        self._live.update(self._drawn(report))

    def note(self, text: str) -> None:
        """Above the rows."""
        from rich.text import Text

        self._console.print(Text(output.visible(text)), soft_wrap=True)

    def _drawn(self, report: "BatchReport") -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        bar = Table.grid(padding=(0, 1))
        total = report.total or None
        bar.add_row(
            ProgressBar(total=total, completed=report.settled, width=BAR_WIDTH, pulse=total is None),
            Text(progress_text(report, self._rate)),
        )
        rows: list[Any] = [bar, Text(cost_text(report), style="dim")]
        if trouble := trouble_text(report):
            rows.append(Text(output.visible(trouble), style="yellow"))
        return Group(*rows)

"""Several things under way at once: moving bars on a terminal, a line per change everywhere else. All of it on stderr."""

import sys
from typing import TYPE_CHECKING, Any, Protocol, Self

from tikhub_async._cli import output
from tikhub_async._cli.output import ExitCode

if TYPE_CHECKING:
    from rich.progress import TaskID

BAR_WIDTH = 20
LABEL_WIDTH = 32
"""Characters; the row has to fit 80 columns."""


class Board(Protocol):
    """Shows how things stand while it is entered. A key names one of them."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc_info: object) -> None: ...

    def add(self, key: str, label: str) -> None:
        """Begin to show something."""

    def show(self, key: str, state: str, percent: int | None = None) -> None:
        """What it is doing, and how far it is where that is known."""

    def end(self, key: str, state: str, *, good: bool) -> None:
        """What became of it; nothing follows."""

    def line(self, text: str) -> None:
        """A line of data, on stdout."""

    def note(self, text: str) -> None:
        """A line for people."""

    def report(self, error: BaseException, about: str = "") -> ExitCode:
        """An error; the exit code that it means."""
        ...


def make_board() -> Board:
    """Bars where stderr is a terminal, lines where it is not."""
    return Bars() if output.is_live(sys.stderr) else Lines()


class Lines:
    """A line per change."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}
        self._last: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def add(self, key: str, label: str) -> None:
        """Remember the label."""
        self._labels[key] = label

    def show(self, key: str, state: str, percent: int | None = None) -> None:
        """Print, unless that was the last thing printed of it."""
        text = f"{self._labels[key]}: {state}" + ("" if percent is None else f" {percent} %")
        if self._last.get(key) != text:
            self._last[key] = text
            output.note(text)

    def end(self, key: str, state: str, *, good: bool) -> None:
        """Print the last state."""
        self.show(key, state)

    def line(self, text: str) -> None:
        """Straight to stdout."""
        output.line(text)

    def note(self, text: str) -> None:
        """Straight to stderr."""
        output.note(text)

    def report(self, error: BaseException, about: str = "") -> ExitCode:
        """Straight to stderr."""
        return output.report(error, about)


class Bars:
    """A moving row each; lines scroll by above them."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(BAR_WIDTH),
            TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True, highlight=False),
            redirect_stdout=False,  # rich would send data to stderr
        )
        self._escape = escape
        self._rows: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._progress.stop()

    def add(self, key: str, label: str) -> None:
        """A row that pulses until its share is known."""
        short = label if len(label) <= LABEL_WIDTH else f"{label[: LABEL_WIDTH - 1]}…"
        self._rows[key] = self._progress.add_task(output.visible(short), total=None, state="")

    def show(self, key: str, state: str, percent: int | None = None) -> None:
        """Move the row."""
        known: dict[str, Any] = {} if percent is None else {"total": 100, "completed": percent}
        self._progress.update(self._rows[key], state=self._escape(output.visible(state)), **known)

    def end(self, key: str, state: str, *, good: bool) -> None:
        """Stop the row's clock and colour it."""
        coloured = f"[{'green' if good else 'bold red'}]{self._escape(output.visible(state))}[/]"
        self._progress.update(self._rows[key], total=100, completed=100 if good else 0, state=coloured)
        self._progress.stop_task(self._rows[key])

    def line(self, text: str) -> None:
        """To stdout; above the rows where both are one terminal."""
        if sys.stdout.isatty():
            self._print(text)
        else:
            output.line(text)

    def note(self, text: str) -> None:
        """Above the rows."""
        self._print(text)

    def report(self, error: BaseException, about: str = "") -> ExitCode:
        """Above the rows."""
        self._print(output.words_of(error, about), before="error: ")
        return output.code_of(error)

    def _print(self, text: str, before: str = "") -> None:
        from rich.text import Text

        # Not wrapped: a broken address cannot be copied.
        self._progress.console.print(Text.assemble((before, "bold red"), output.visible(text)), soft_wrap=True)

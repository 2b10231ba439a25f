"""Options that several commands share."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from cyclopts import Parameter

Flag: TypeAlias = Annotated[bool, Parameter(negative=(), show_default=False)]
"""A switch without a `--no-…`."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Following:
    """How a video task is followed once it is there.

    Attributes:
        wait: Wait until it is done: with bars on a terminal, else with a line per change.
        output: Save the video in this file or folder; implies --wait.
        overwrite: Replace a file that is there.
        timeout: Longest wait, in seconds. The task goes on after it.
        poll_interval: Seconds between two looks. Default: 5 to the first, then 10 to 20.
        json: Print JSON, one object per line, on stdout.
        base_url: The gateway. Default: TIKHUB_AI_BASE_URL, else https://ai.tikhub.io.
    """

    wait: Flag = False
    output: str | None = None
    overwrite: Flag = False
    timeout: float = 1200
    poll_interval: float | None = None
    json: Flag = False
    base_url: str | None = None

    @property
    def waits(self) -> bool:
        """True when the command is to stay until the end."""
        return self.wait or self.output is not None


ALONE = Following()
"""Nothing was asked for."""

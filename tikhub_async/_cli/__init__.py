"""The command line, `tikhub-ai`: parsing and printing over the public client."""

import sys
from collections.abc import Sequence

EXTRA = frozenset({"cyclopts", "rich"})
"""Packages of the extra `[cli]` that the command line cannot do without."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code.

    Args:
        arguments: What follows `tikhub-ai`; default: the process's own arguments.
    """
    try:
        from tikhub_async._cli.app import run
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in EXTRA:
            raise
        sys.stderr.write(
            f"error: the command line needs {missing.name}, which is not installed\n"
            "  → pip install 'tikhub-async[cli]'\n"
        )
        return 2
    return run(sys.argv[1:] if arguments is None else arguments)

"""The commands put together, and the one place where errors become exit codes."""

from collections.abc import Sequence

from cyclopts import App, CycloptsError

from tikhub_async._cli import output
from tikhub_async._cli.batch import batch
from tikhub_async._cli.chat import chat
from tikhub_async._cli.demo import demo
from tikhub_async._cli.doctor import doctor
from tikhub_async._cli.emulator import emulator
from tikhub_async._cli.models import models
from tikhub_async._cli.output import MEANINGS, ExitCode, UsageError
from tikhub_async._cli.video import video
from tikhub_async._version import __version__
from tikhub_async.errors import TikHubError

HELP = f"""\
TikHub AI Proxy on the command line: one key for the models of eight providers.

To look around without a key:  tikhub-ai demo

The key comes from the environment: TIKHUB_AI_API_KEY, else TIKHUB_API_KEY.
There is no option for it: every user of a machine can see its command lines,
and shells keep them in their history.

Data goes to stdout, progress and errors to stderr. Exit codes:

{chr(10).join(f"{code:5d}  {meaning}" for code, meaning in MEANINGS.items())}
"""

app = App(name="tikhub-ai", help=HELP, help_format="plaintext", version=f"tikhub-ai {__version__}")
for command in (demo, chat, models, emulator, doctor):
    app.command(command)
app.command(video)
app.command(batch)


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code. Errors are printed here and nowhere else."""
    output.prepare_streams()
    try:
        command, bound, _ = app.parse_args(list(arguments), print_error=False, exit_on_error=False)
        return int(command(*bound.args, **bound.kwargs) or ExitCode.OK)
    except CycloptsError as error:
        output.note(f"error: {error}\n  → tikhub-ai {' '.join([*(error.command_chain or ()), '--help'])}")
        return ExitCode.USAGE
    except KeyboardInterrupt:
        output.note("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return output.leave_quietly()
    except (TikHubError, UsageError, OSError) as error:
        return output.report(error)

"""The log: one line per call on the logger `tikhub_async`, and nothing secret in any line.

Like every library it says nothing by itself. `TIKHUB_AI_LOG=info` prints a line per call on stderr, `debug` one per attempt
as well; a program that sets logging up itself needs neither.
"""

import logging
import re
from typing import TYPE_CHECKING, Any

from tikhub_async.telemetry._calls import Call, Hooks

if TYPE_CHECKING:
    from tikhub_async._tasks import VideoTask

logger = logging.getLogger("tikhub_async")
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

SECRETS = re.compile(
    r"""(?ix)
    (\bBearer\s+) [^\s'",;]+
    | ((?:x-api-key|x-goog-api-key|api[_-]?key|key)['"]?\s*[=:]\s*['"]?) [^\s'",;&]{8,}
    | \bsk-[A-Za-z0-9_-]{6,}
    | \bAIza[A-Za-z0-9_-]{20,}
    """
)
"""What keys look like: in headers, in queries, bare."""


def redact(text: str) -> str:
    """`text` without keys."""
    return SECRETS.sub(lambda found: f"{found[1] or found[2] or ''}***", text)


class SecretFilter(logging.Filter):
    """Takes keys out of whatever is logged, tracebacks included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; always True."""
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True


class LogHooks(Hooks):
    """Calls as log lines."""

    def on_response(self, call: Call) -> None:
        """A line per attempt."""
        what = call.failure.message if call.failure is not None else call.status_code
        logger.debug("%s attempt %d: %s, request id %s", call.where, call.attempts, what, call.request_id)

    def on_end(self, call: Call) -> None:
        """A line per call; of a look at a task that went well only for those who want all."""
        if call.kind == "read" and call.error is None:
            return
        if call.error is not None:
            logger.info(
                "%s failed after %.2f s, %d attempts: %s: %s",
                call.where, call.seconds, call.attempts, type(call.error).__name__, getattr(call.error, "message", ""),
            )  # fmt: skip
            return
        tokens = call.tokens
        logger.info(
            "%s %s in %.2f s, %d attempts, tokens in %s out %s, request id %s",
            call.where, call.status_code, call.seconds, call.attempts,
            _shown(tokens.input_tokens), _shown(tokens.output_tokens), call.request_id,
        )  # fmt: skip

    def on_task(self, task: "VideoTask[Any]") -> None:
        """A line per change of a task."""
        logger.info("%s task %s: %s %s", task.provider, task.id, task.status, _shown(task.progress))


def _shown(count: int | None) -> str:
    return "?" if count is None else str(count)


LOG = LogHooks()
_FILTER = SecretFilter()
logger.addHandler(logging.NullHandler())
logger.addFilter(_FILTER)


def logs_calls() -> bool:
    """Whether anybody would see the lines."""
    return logger.isEnabledFor(logging.INFO)


def set_up_logging(level: str | None) -> None:
    """Print on stderr, as `TIKHUB_AI_LOG` asks for it; None changes nothing.

    Args:
        level: `debug`, `info` or `warning`; other words are taken for `info`.
    """
    if not level:
        return
    logger.setLevel(LEVELS.get(level.lower(), logging.INFO))
    if not logging.getLogger().handlers and len(logger.handlers) == 1:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(FORMAT))
        logger.addHandler(handler)

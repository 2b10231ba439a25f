"""The log: silent unless asked, one line per call, and never a key."""

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.cli.processes import environment
from tikhub_async import APIStatusError, TikHubAI
from tikhub_async.telemetry._logs import redact, set_up_logging
from tikhub_async.testing import TEST_KEY, Emulator, Error
from tikhub_async.types.chat import ChatMessage

MESSAGES: list[ChatMessage] = [{"role": "user", "content": "my prompt"}]
logger = logging.getLogger("tikhub_async")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    level, handlers = logger.level, list(logger.handlers)
    yield
    logger.setLevel(level)
    logger.handlers[:] = handlers


async def test_a_line_per_call(gw: Emulator, client: TikHubAI, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "tikhub_async"):
        done = await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)
    assert len(caplog.messages) == 1
    line = caplog.messages[0]
    assert line.startswith("openai.chat.completions POST /v1/chat/completions 200 in ")
    assert done.request_id is not None
    assert done.request_id in line
    assert "my prompt" not in line


async def test_looks_at_tasks_do_not_fill_the_log(client: TikHubAI, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "tikhub_async"):
        await client.models.list()
    assert caplog.messages == []


async def test_debug_tells_every_attempt(gw: Emulator, client: TikHubAI, caplog: pytest.LogCaptureFixture) -> None:
    gw.script("chat.completions", Error(status=503, code="no_channel"))
    with caplog.at_level(logging.DEBUG, "tikhub_async"):
        await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)
    assert sum("attempt" in message for message in caplog.messages) >= 2


async def test_a_failure_is_told_without_its_body(
    gw: Emulator, client: TikHubAI, caplog: pytest.LogCaptureFixture
) -> None:
    gw.script("chat.completions", Error(status=400, code="invalid_request", message="no"))
    with caplog.at_level(logging.INFO, "tikhub_async"), pytest.raises(APIStatusError):
        await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)
    assert "failed after" in caplog.messages[0]
    assert "BadRequestError" in caplog.messages[0]


async def test_the_changes_of_a_video_are_told(client: TikHubAI, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "tikhub_async"):
        task = await client.seedance.create(
            model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": "A dog"}]
        )
        await task.wait(poll_interval=0.05)
    told = [message for message in caplog.messages if message.startswith(f"seedance task {task.id}")]
    assert told[0].endswith("queued ?")
    assert told[-1].endswith("succeeded 100")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Authorization: Bearer sk-abcdefghijk", "Authorization: Bearer ***"),
        ("{'Authorization': 'Bearer abc.def-ghi'}", "{'Authorization': 'Bearer ***'}"),
        ("x-api-key: sk-ant-0123456789", "x-api-key: ***"),
        ("GET /v1beta/models?key=AIzaSyA0123456789abcdefghij&alt=sse", "GET /v1beta/models?key=***&alt=sse"),
        ('{"api_key": "0123456789"}', '{"api_key": "***"}'),
        ("the key sk-proj-AbC_123-456 was refused", "the key *** was refused"),
        ("task task_abc, model gpt-5, 12 tokens", "task task_abc, model gpt-5, 12 tokens"),
        ("a desk-lamp and key = 5", "a desk-lamp and key = 5"),
    ],
)
def test_keys_are_taken_out(text: str, kept: str) -> None:
    assert redact(text) == kept


def test_no_key_passes_by_argument_or_traceback(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError(f"refused {TEST_KEY}")
    except ValueError:
        logger.exception("with %s and %r", TEST_KEY, {"Authorization": f"Bearer {TEST_KEY}"})
    assert TEST_KEY not in caplog.text
    assert "refused ***" in caplog.text


def run(code: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(**variables), capture_output=True, text=True, check=True
    )
    return done.stderr


CODE = """
import logging
from tikhub_async import TikHubAI
TikHubAI(api_key="sk-0123456789"); TikHubAI(api_key="sk-0123456789")
logger = logging.getLogger("tikhub_async")
logger.debug("d"); logger.info("i sk-0123456789"); logger.warning("w")
"""


def test_like_every_library_it_is_silent_by_itself() -> None:
    assert run(CODE) == ""


def test_a_variable_makes_it_speak_once() -> None:
    lines = run(CODE, TIKHUB_AI_LOG="info").splitlines()
    assert [line.rpartition(": ")[2] for line in lines] == ["i ***", "w"]
    assert len(run(CODE, TIKHUB_AI_LOG="debug").splitlines()) == 3


def test_a_program_that_logs_by_itself_gets_each_line_once() -> None:
    assert len(run("import logging; logging.basicConfig()\n" + CODE, TIKHUB_AI_LOG="info").splitlines()) == 2


def test_another_word_is_taken_for_info() -> None:
    set_up_logging("yes")
    assert logger.level == logging.INFO

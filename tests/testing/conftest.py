import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tikhub_async.testing import TEST_KEY, Emulator, FakeClock

SEEDANCE = "/seedance/v3/contents/generations/tasks"
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello there"}]}


class Caller:
    """A bare HTTP client with a key: what the tests compare is bytes, not our own structs."""

    def __init__(self, session: aiohttp.ClientSession, gw: Emulator) -> None:
        self.session = session
        self.gw = gw

    async def __call__(self, method: str, path: str, *, key: str | None = TEST_KEY, **options: Any) -> "Answer":
        headers = {**({"Authorization": f"Bearer {key}"} if key else {}), **options.pop("headers", {})}
        options.setdefault("allow_redirects", False)
        async with self.session.request(method, self.gw.base_url + path, headers=headers, **options) as response:
            return Answer(response.status, response.headers, await response.read())

    async def post(self, path: str, body: Any, **options: Any) -> "Answer":
        return await self("POST", path, json=body, **options)

    async def get(self, path: str, **options: Any) -> "Answer":
        return await self("GET", path, **options)

    async def chat(self, **changes: Any) -> "Answer":
        return await self.post("/v1/chat/completions", {**CHAT, **changes})

    async def seedance(self, text: str = "A cat", **changes: Any) -> str:
        body = {"model": "doubao-seedance-1-5-pro-251215", "content": [{"type": "text", "text": text}], **changes}
        answer = await self.post(SEEDANCE, body)
        assert answer.status == 200, answer.text
        return str(answer.json["id"])


class Answer:
    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """JSON payloads of the `data:` lines; `[DONE]` stays text."""
        lines = [line[6:] for line in self.text.replace("\r\n", "\n").split("\n") if line.startswith("data: ")]
        return [json.loads(line) if line.startswith("{") else line for line in lines]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(auto=False)


@pytest.fixture
def profile() -> Any:
    return "documented"


@pytest.fixture
async def gw(clock: FakeClock, profile: Any) -> AsyncIterator[Emulator]:
    """An emulator whose tasks take 100 virtual seconds."""
    async with Emulator(profile=profile, clock=clock, pace=0, task_seconds=100) as emulator:
        yield emulator


@pytest.fixture
async def call(gw: Emulator) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(session, gw)

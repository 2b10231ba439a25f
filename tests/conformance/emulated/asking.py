"""Asks the emulator a scene."""

import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from yarl import URL

from tests.conformance.emulated.likeness import Got
from tests.conformance.emulated.scenes import Scene
from tests.conformance.exchanges import Exchange
from tikhub_async.testing import Emulator, FakeClock
from tikhub_async.testing._catalog import Family
from tikhub_async.testing.profiles import Profile

TASK_SECONDS = 100.0
NOT_SENT = frozenset({"content-length", "host", "transfer-encoding"})
"""Headers that the client of this run writes itself."""
SERVED_THERE: dict[str, Family] = {
    "sora-2-openai": "sora",
    "doubao-seedance-volc": "seedance",
    "mapped-model": "openai",
    "dead-video": "sora",
}
"""Models of the recorded gateway that the emulator does not know by itself."""


class Stage:
    """One emulator in which scene after scene is played."""

    def __init__(self, profile: Profile) -> None:
        self._clock = FakeClock(auto=False)
        self._gw = Emulator(profile=profile, clock=self._clock, pace=0, task_seconds=TASK_SECONDS)
        self._gw.models.update(SERVED_THERE)

    async def __aenter__(self) -> "Stage":
        await self._gw.start()
        skipped = {"Content-Type", "Accept-Encoding", "Accept", "User-Agent"}
        self._session = aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=skipped)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self._gw.aclose()

    async def play(self, scene: Scene) -> Got:
        """The emulator's answer to a scene."""
        path = scene.request.path
        if scene.creation is not None:
            created = await self._ask(scene.creation, scene.creation.path)
            task = re.search(rb'"(?:task_)?id":"([^"]+)"', created.body)
            assert task is not None, created
            path = path.replace(scene.task, task[1].decode())
            await self._clock.advance(TASK_SECONDS * scene.moment)
        for reply in scene.replies:
            self._gw.script(path.partition("?")[0], reply)
        got = await self._ask(scene.request, path)
        assert self._gw.take_unused() == [], f"the reply was not used: {got}"
        return got

    async def _ask(self, request: Exchange, path: str) -> Got:
        headers = {name: value for name, value in request.headers.items() if name not in NOT_SENT}
        data = _data(request)
        if request.form:
            headers["content-type"] = data.content_type  # its own boundary
        async with self._session.request(
            request.method,
            URL(self._gw.base_url + path, encoded=True),
            headers=headers,
            data=data,
            allow_redirects=False,
        ) as answer:
            sent = {name.lower(): value for name, value in answer.headers.items()}
            try:
                return Got(answer.status, sent, await answer.read())
            except aiohttp.ClientPayloadError:
                return Got(answer.status, sent, b"", whole=False)


def _data(request: Exchange) -> Any:
    if request.form:
        form = aiohttp.FormData(default_to_multipart=True)
        for name, value in request.form:
            file = re.fullmatch(r"<([^,]+), ([^,]+), (\d+) bytes>", value)
            if file is None:
                form.add_field(name, value)
            else:
                size = int(file[3])
                content = b"RIFF".ljust(size, b"\0") if size > 8 else b"notaudio"
                form.add_field(name, content, filename=file[1], content_type=file[2])
        return form()
    if "chunked" in request.headers.get("transfer-encoding", ""):
        return _pieces(b"".join(re.findall(rb"(?m)^[0-9a-f]+\r\n(.*)\r\n", request.raw)))
    return request.raw or None


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    yield body

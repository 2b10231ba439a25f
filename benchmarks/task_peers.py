"""Other clients' helpers for waiting, each as it comes: defaults everywhere. None is needed to import this module."""

import asyncio
import importlib.util
import time
import warnings
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, ClassVar, Self

from tikhub_async.testing import TEST_KEY


class Peer(ABC):
    """A way to wait for a task."""

    name: ClassVar[str]
    """The helper, as its users call it."""
    module: ClassVar[str]
    """What has to be installed."""
    deadline: ClassVar[str]
    """What it says of deadlines."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._stack = AsyncExitStack()
        self.client: Any = None

    @classmethod
    def is_installed(cls) -> bool:
        """Whether it can be measured here."""
        return importlib.util.find_spec(cls.module) is not None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @abstractmethod
    async def open(self) -> None:
        """Make the client."""

    @abstractmethod
    async def wait(self, task_id: str, timeout: float | None) -> str:
        """The status that waiting ended with. Raises as the helper does; without a timeout where it takes none."""


class Ours(Peer):
    """This package."""

    name = "tikhub_async task.wait()"
    module = "tikhub_async"
    deadline = "timeout=, default 20 min"

    async def open(self) -> None:
        """Make the client."""
        from tikhub_async import TikHubAI

        self.client = await self._stack.enter_async_context(TikHubAI(api_key=TEST_KEY, base_url=self.base_url))

    async def wait(self, task_id: str, timeout: float | None) -> str:
        """By a handle that was saved a moment ago."""
        task = self.client.tasks.attach({"provider": "sora", "id": task_id, "created_at": time.time()})
        await task.wait(timeout=timeout)
        return str(task.status)


class OpenAI(Peer):
    """openai."""

    name = "openai videos.poll()"
    module = "openai"
    deadline = "none"

    async def open(self) -> None:
        """Make the client."""
        from openai import AsyncOpenAI

        warnings.simplefilter("ignore", DeprecationWarning)  # of its videos as a whole, on every call
        self.client = await self._stack.enter_async_context(
            AsyncOpenAI(api_key=TEST_KEY, base_url=f"{self.base_url}/v1")
        )

    async def wait(self, task_id: str, timeout: float | None) -> str:
        """Every second."""
        return str((await self.client.videos.poll(task_id)).status)


class Runway(Peer):
    """runwayml."""

    name = "runwayml wait_for_task_output()"
    module = "runwayml"
    deadline = "timeout=, default 10 min"

    async def open(self) -> None:
        """Make the client."""
        from runwayml import AsyncRunwayML  # type: ignore[import-not-found, unused-ignore]

        self.client = await self._stack.enter_async_context(
            AsyncRunwayML(api_key="key", base_url=f"{self.base_url}/runway")
        )

    async def wait(self, task_id: str, timeout: float | None) -> str:
        """Every six seconds."""
        task = await self.client.tasks.retrieve(task_id)
        options = {} if timeout is None else {"timeout": timeout}
        return str((await task.wait_for_task_output(**options)).status)


class Fal(Peer):
    """fal-client; its address is https only, so the handle is made by hand, as `submit` makes it."""

    name = "fal-client handle.get()"
    module = "fal_client"
    deadline = "subscribe(client_timeout=), default none"

    async def open(self) -> None:
        """Make the client."""
        import httpx

        self.client = await self._stack.enter_async_context(httpx.AsyncClient(headers={"Authorization": "Key key"}))

    async def wait(self, task_id: str, timeout: float | None) -> str:
        """Ten times a second. The timeout is what `subscribe` puts around this very call."""
        from fal_client import AsyncRequestHandle  # type: ignore[import-not-found, unused-ignore]

        place = f"{self.base_url}/fal/{task_id}"
        handle = AsyncRequestHandle(
            request_id=task_id,
            response_url=place,
            status_url=f"{place}/status",
            cancel_url=f"{place}/cancel",
            client=self.client,
        )
        await asyncio.wait_for(handle.get(), timeout)
        return "COMPLETED"


class Replicate(Peer):
    """replicate."""

    name = "replicate prediction.async_wait()"
    module = "replicate"
    deadline = "none"

    async def open(self) -> None:
        """Make the client."""
        import replicate  # type: ignore[import-not-found, unused-ignore]

        self.client = replicate.Client(api_token="key", base_url=f"{self.base_url}/replicate")

    async def wait(self, task_id: str, timeout: float | None) -> str:
        """Twice a second."""
        prediction = await self.client.predictions.async_get(task_id)
        await prediction.async_wait()
        return str(prediction.status)


PEERS: tuple[type[Peer], ...] = (Ours, OpenAI, Runway, Fal, Replicate)

"""`TikHubAI`: one session, one attribute per provider, tasks."""

import ssl as tls
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import msgspec

from tikhub_async._clock import Clock
from tikhub_async._config import (
    Config,
    Limits,
    RetryPolicy,
    Timeouts,
    check_retries,
    check_timeouts,
    hidden,
    make_config,
    read_key,
    read_log_level,
    read_no_proxy,
    read_proxy,
)
from tikhub_async._tasks import Poller, Tasks
from tikhub_async.telemetry import Hooks, Meter
from tikhub_async.telemetry._logs import set_up_logging

if TYPE_CHECKING:
    import aiohttp

    from tikhub_async._session.session import Session
    from tikhub_async.batch import Batch


class TikHubAI:
    """A client of the TikHub AI Proxy: one key and one host for eight providers.

    Use it as `async with TikHubAI() as client:`, or call `aclose()` when the program ends. One client serves a whole
    program: it is cheap to share between tasks, opens its connections when first used, and works on several event
    loops one after the other. Making one reads the environment and opens nothing.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float | Timeouts | None = None,
        max_retries: int | None = None,
        retries: RetryPolicy | None = None,
        limits: Limits | None = None,
        default_headers: Mapping[str, str] | None = None,
        routes: Mapping[str, str] | None = None,
        session: "aiohttp.ClientSession | None" = None,
        connector_factory: "Callable[[], aiohttp.BaseConnector] | None" = None,
        proxy: str | None = None,
        ssl: tls.SSLContext | None = None,
        key_header: Literal["bearer", "x-api-key"] = "bearer",
        lenient_streams: bool = False,
        kling_metadata: bool = False,
        polls_per_second: float = 20.0,
        allow_insecure: bool = False,
        allow_private_media: bool = False,
        max_json_bytes: int = 64 * 2**20,
        max_event_bytes: int = 8 * 2**20,
        hooks: Sequence[Hooks] = (),
        clock: Clock | None = None,
    ) -> None:
        """Make a client.

        Args:
            api_key: The key; default: `TIKHUB_AI_API_KEY`, else `TIKHUB_API_KEY`.
            base_url: The gateway; default: `TIKHUB_AI_BASE_URL`, else `https://ai.tikhub.io`.
            timeout: Limits by phase, or a number: seconds for a whole call that is not streamed (default 600).
            max_retries: Attempts after the first one (default 2). Paid creations are sent again only when nothing
                left the machine, or after a 429.
            retries: Backoff and retry rules in full.
            limits: Connections per event loop (default 1,000).
            default_headers: Headers added to every call.
            routes: Paths that replace built-in ones, by endpoint name, as `{"veo.generate": "/veo/v1/generate"}`. A
                model that such a path has no `{model}` for is sent in the body; an id needs its place, as `{task_id}`.
            session: Your own session for API calls and streams; it is never closed here.
            connector_factory: Makes the connectors of all pools.
            proxy: Proxy URL, or `"env"` for the usual variables, `NO_PROXY` included. They are not read otherwise.
            ssl: TLS settings, for a private certificate authority. The default verifies with the system's, and
                honours `SSLKEYLOGFILE`: who sets that variable can read the traffic.
            key_header: `"x-api-key"` sends the key in that header to `/v1/messages`, as TikHub's streaming page
                shows; `Authorization: Bearer` works everywhere.
            lenient_streams: Accept a stream that ends cleanly without its protocol's end.
            kling_metadata: Send Kling bodies in the form that the unmodified gateway software accepts: `model`, a
                number for `duration`, the rest in `metadata`. That software refuses the documented body (recorded);
                whether TikHub's build does is unknown, and the refusal's hint says when to switch.
            polls_per_second: Budget of looks at video tasks, over all tasks of a key and event loop.
            allow_insecure: Accept a base URL on plain http that is not loopback.
            allow_private_media: Fetch results from private addresses and over plain http.
            max_json_bytes: Largest answer that is read whole, bytes after decompression.
            max_event_bytes: Largest single event of a stream, bytes.
            hooks: What watches every call; see `tikhub_async.telemetry`.
            clock: Where time comes from; for tests.

        Raises:
            ConfigError: No key was found, or an option cannot work.
        """
        key, api_key = hidden(api_key), None  # what is raised below must not show it
        # aiohttp costs 130 ms of CPU to import: here, and not on a loop that is already busy.
        from tikhub_async._session.session import Session
        from tikhub_async._session.transport import Transport, TransportOptions

        config = make_config(
            api_key=key,
            base_url=base_url,
            allow_insecure=allow_insecure,
            timeout=timeout,
            max_retries=max_retries,
            retries=retries,
            default_headers=default_headers,
            routes=routes,
            key_header=key_header,
            lenient_streams=lenient_streams,
            kling_metadata=kling_metadata,
            max_json_bytes=max_json_bytes,
            max_event_bytes=max_event_bytes,
            hooks=tuple(hooks),
        )
        set_up_logging(read_log_level())
        options = TransportOptions(
            limits=limits or Limits(),
            session=session,
            connector_factory=connector_factory,
            proxy=read_proxy(proxy),
            no_proxy=read_no_proxy(proxy),
            tls=ssl,
            allow_private_media=allow_private_media,
        )
        clock = clock or Clock()
        self._set_up(Session(config, Transport(options, clock)), Poller(clock, budget=polls_per_second))

    def _set_up(self, session: "Session", poller: Poller) -> None:
        # Several hundred types: loaded with the first client, so that importing the package stays cheap.
        from tikhub_async.providers import kling, seedance, sora, veo
        from tikhub_async.providers.claude import Claude
        from tikhub_async.providers.custom import Custom
        from tikhub_async.providers.deepseek import DeepSeek
        from tikhub_async.providers.gemini import Gemini
        from tikhub_async.providers.models import Models
        from tikhub_async.providers.openai import OpenAI

        self._session = session
        self._poller = poller
        self.openai = OpenAI(session, poller)
        """Chat completions, responses, embeddings, transcription."""
        self.claude = Claude(session, poller)
        """Messages, chat completions."""
        self.deepseek = DeepSeek(session, poller)
        """Chat completions with reasoning."""
        self.gemini = Gemini(session, poller)
        """Content generation."""
        self.sora = sora.Sora(session, poller)
        """Videos by OpenAI."""
        self.seedance = seedance.Seedance(session, poller)
        """Videos by ByteDance."""
        self.kling = kling.Kling(session, poller)
        """Videos by Kuaishou."""
        self.veo = veo.Veo(session, poller)
        """Videos by Google."""
        self.models = Models(session, poller)
        """The models that the key may use."""
        custom = Custom(session, poller)
        self.get = custom.get
        """The answer of any route to a GET."""
        self.post = custom.post
        """The answer of any route to a JSON body."""
        self.tasks = Tasks(session, poller, {**sora.KINDS, **seedance.KINDS, **kling.KINDS, **veo.KINDS})
        """Saved video tasks, and many at once."""

    def with_options(
        self,
        *,
        api_key: str | None = None,
        timeout: float | Timeouts | None = None,
        max_retries: int | None = None,
        default_headers: Mapping[str, str] | None = None,
        routes: Mapping[str, str] | None = None,
        lenient_streams: bool | None = None,
        kling_metadata: bool | None = None,
        hooks: Sequence[Hooks] | None = None,
    ) -> Self:
        """A cheap copy with other options that shares the connections; closing the copy does nothing.

        Raises:
            ConfigError: An option cannot work.
        """
        config = self._session.config
        changes: dict[str, Any] = {}
        key, api_key = hidden(api_key), None  # what is raised below must not show it
        if key is not None:
            changes["api_key"] = read_key(key)
        if timeout is not None:
            changes["timeouts"] = check_timeouts(timeout)
        if max_retries is not None:
            changes["retries"] = check_retries(max_retries, config.retries)
        if default_headers is not None:
            changes["default_headers"] = tuple(default_headers.items())
        if routes is not None:
            changes["routes"] = (*routes.items(), *config.routes)
        if lenient_streams is not None:
            changes["lenient_streams"] = lenient_streams
        if kling_metadata is not None:
            changes["kling_metadata"] = kling_metadata
        if hooks is not None:
            changes["hooks"] = tuple(hooks)
        copied = type(self).__new__(type(self))
        copied._set_up(self._session.copy(msgspec.structs.replace(config, **changes)), self._poller)
        return copied

    def meter(self) -> Meter:
        """What the calls inside a `with` block cost, unknown counted as unknown.

            with client.meter() as meter:
                await client.openai.chat.completions.create(…)
            print(meter.total.input_tokens, meter.total.output_tokens, meter.unknown)

        Tasks that are started inside belong to it.
        """
        return Meter(self._session)

    @property
    def batch(self) -> "Batch":
        """Many requests, each paid once: files of lines, taken up again after a kill."""
        from tikhub_async.batch import Batch  # a layer above

        return Batch(self)

    @property
    def base_url(self) -> str:
        """The gateway this client talks to."""
        return self._config.base_url

    @property
    def _config(self) -> Config:
        return self._session.config

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Let creations in flight finish, then close the connections of the running loop.

        On a copy made by `with_options` this does nothing.
        """
        try:
            if self._session.is_owner:
                await self._poller.aclose()
        finally:  # also for a caller whose scope is cancelled: it cannot wait, and the connections must not stay
            await self._session.aclose()

    def __repr__(self) -> str:
        if "_session" not in vars(self):
            return "<TikHubAI, not made>"  # in the traceback of a constructor that refused
        return f"<TikHubAI {self.base_url} key from {self._config.api_key.source}>"

"""Asking every route whether it is there, at no cost: GETs of ids that do not exist, POSTs of a body that is no JSON."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tikhub_async import errors as e
from tikhub_async.types._base import is_object

if TYPE_CHECKING:
    from tikhub_async import TikHubAI
    from tikhub_async._wire.request import Endpoint

NOBODY = "doctor-probe"
"""Id and model that nothing has."""
BROKEN = b"{"
"""No JSON: no gateway can take it for an order."""
AT_ONCE = 4
LIMIT = 20.0
"""Seconds for one route."""
WORD = re.compile(r"(?!sk-)[A-Za-z0-9_.:-]{1,40}")
"""What a code or type looks like; whatever else stands in its place may tell whose account it is."""

ANSWERS, REFUSES, ABSENT = "answers", "refuses the key", "no such route"
UNCLEAR, TROUBLE, SILENT = "cannot tell", "trouble", "no answer"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What became of asking one route."""

    name: str
    """As in `routes=`."""
    method: str
    path: str
    verdict: str
    status: int | None = None
    word: str = ""
    """Code or type of the gateway's error, or the class of ours; no text of the gateway, which may name accounts."""
    seconds: float = 0.0


def endpoints() -> "list[Endpoint]":
    """Every route that can be asked without changing anything, the gateway's own first."""
    from tikhub_async.providers import _video, claude, deepseek, gemini, kling, models, openai, seedance, sora, veo

    return [
        models.LIST,
        openai.CHAT, openai.RESPONSES, openai.EMBEDDINGS, openai.TRANSCRIPTIONS,
        claude.MESSAGES, claude.CHAT,
        deepseek.CHAT,
        gemini.GENERATE, gemini.STREAM,
        sora.CREATE, sora.RETRIEVE, sora.REMIX, sora.LIST, _video.CONTENT,
        seedance.CREATE, seedance.RETRIEVE,
        kling.TEXT_CREATE, kling.TEXT_RETRIEVE, kling.IMAGE_CREATE, kling.IMAGE_RETRIEVE,
        veo.GENERATE, veo.FETCH,
    ]  # fmt: skip


async def ask_all(client: "TikHubAI") -> list[Finding]:
    """Ask every route once."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(endpoint: "Endpoint") -> Finding:
        async with turn:
            return await ask(client, endpoint)

    return list(await asyncio.gather(*(one(endpoint) for endpoint in endpoints())))


async def ask(client: "TikHubAI", endpoint: "Endpoint") -> Finding:
    """Ask one route."""
    import msgspec

    from tikhub_async._wire.request import Kind, Request

    session = client._session
    path = session.config.route(endpoint.name, endpoint.path)
    for name in ("model", "task_id", "video_id"):
        path = path.replace(f"{{{name}}}", NOBODY)
    # As a read: sent once, over a connection of the common pool; whatever it is, it creates nothing.
    read = msgspec.structs.replace(endpoint, kind=Kind.READ)
    body = None if endpoint.method == "GET" else BROKEN
    request = Request(endpoint=read, url=f"{client.base_url}{path}", body=body, timeout=LIMIT, max_retries=0)
    began = session.clock.now()
    status: int | None = None
    error: e.TikHubError | None = None
    try:
        status = (await session.send(request)).meta.status_code
    except e.TikHubError as caught:
        error = caught
        status = getattr(caught, "status_code", None) or None
    return Finding(
        name=endpoint.name,
        method=endpoint.method,
        path=path,
        verdict=_verdict(error, endpoint),
        status=status,
        word=_word(error),
        seconds=session.clock.now() - began,
    )


VERDICTS: Sequence[tuple[type[e.TikHubError], str]] = (
    (e.AuthenticationError, REFUSES),
    (e.PermissionDeniedError, REFUSES),
    (e.QuotaError, REFUSES),
    (e.ProtocolError, ABSENT),
    (e.APIConnectionError, SILENT),
    (e.RateLimitError, TROUBLE),
    (e.OverloadedError, TROUBLE),
    (e.InternalServerError, TROUBLE),
)
"""The first class that fits; any other refusal of such a request is the answer of a route that is there."""


def _verdict(error: e.TikHubError | None, endpoint: "Endpoint") -> str:
    if error is None:
        return ANSWERS
    if isinstance(error, e.NotFoundError):
        if _is_unrouted(error):
            return ABSENT
        if "{model}" in endpoint.path:
            # The gateway looks for the model before it looks at the verb behind it; a model that exists is not asked:
            # what it would do with such a body is the provider's to say.
            return UNCLEAR
    return next((verdict for kind, verdict in VERDICTS if isinstance(error, kind)), ANSWERS)


def _is_unrouted(error: e.NotFoundError) -> bool:
    """404 and 405 of the router, unlike that of a task or model: the gateway has no code for it, only this sentence."""
    body: Mapping[str, object] = error.body if is_object(error.body) else {}
    inner = body.get("error")
    message = inner.get("message") if is_object(inner) else None
    said = isinstance(message, str) and message.startswith("Invalid URL")
    return said or error.status_code == 405 or not body


def _word(error: e.TikHubError | None) -> str:
    if error is None:
        return ""
    words = (str(getattr(error, name, None) or "") for name in ("code", "type"))
    return next((word for word in words if WORD.fullmatch(word)), type(error).__name__)

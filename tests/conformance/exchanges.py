"""Exchanges with the gateway software as data: what was asked, and every byte of the answer.

The format of `exchanges.json` is a list of objects with `id`, `request` (`method`, `path`, `headers`, `body` or
`body_base64` or `form`), `response` (`status`, `headers`, `body` or `body_base64` or `body_file`, `end`, `framing`,
`connection`, `interim`) and words for readers (`what`, `upstream`, `note`). Two folders hold such a list: `samples/`
beside this file, whose exchanges were written for this project, and `recorded/` in the folder of optional data.
"""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent / "samples"
REQUEST_IDS = ("x-oneapi-request-id", "x-request-id", "request-id")


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    id: str
    method: str
    path: str
    """With its query."""
    headers: Mapping[str, str]
    """Of the request, names in lower case."""
    body: Any
    """The request's JSON body as data; None where there was none, or no JSON."""
    raw: bytes
    """The request's body as bytes; `b""` for forms."""
    form: tuple[tuple[str, str], ...]
    status: int
    """0 where the client left before the answer began."""
    answer_headers: tuple[tuple[str, str], ...]
    answer: bytes
    """The body of the answer, without its chunk framing."""
    end: str
    """`complete`, `cut` (closed before the announced end), `reset`, `client closed`, `client gave up`."""
    chunked: bool
    closed: bool
    """Whether the gateway closed the connection after the answer."""
    interim: bytes
    """An answer before the answer, as `100 Continue`."""

    @property
    def route(self) -> str:
        """Method and path without query."""
        return f"{self.method} {self.path.partition('?')[0]}"

    @property
    def request_id(self) -> str | None:
        """The id that a reader of the answer would quote."""
        sent = {name.lower(): value for name, value in reversed(self.answer_headers)}
        return next((sent[name] for name in REQUEST_IDS if sent.get(name)), None)

    @property
    def streams(self) -> bool:
        """Whether the request asks for a stream."""
        if isinstance(self.body, dict):
            asked = self.body.get("stream") is True
        else:
            asked = ("stream", "true") in self.form
        return asked or ":streamGenerateContent" in self.path


@cache
def samples() -> tuple[Exchange, ...]:
    """The exchanges that are part of the project."""
    return _load(SAMPLES)


@cache
def recorded() -> tuple[Exchange, ...]:
    """The recorded exchanges; none where the optional data is not at hand."""
    folder = os.environ.get("TIKHUB_FIXTURES")
    return _load(Path(folder) / "recorded") if folder and (Path(folder) / "recorded").is_dir() else ()


def _load(folder: Path) -> tuple[Exchange, ...]:
    return tuple(_exchange(data, folder) for data in json.loads((folder / "exchanges.json").read_text("utf-8")))


def _exchange(data: Mapping[str, Any], folder: Path) -> Exchange:
    request, response = data["request"], data["response"]
    interim = response.get("interim") or ""
    body, raw = _request_body(request)
    return Exchange(
        id=data["id"],
        method=request["method"],
        path=request["path"],
        headers={name.lower(): value for name, value in request["headers"]},
        body=body,
        raw=raw,
        form=tuple((name, value) for name, value in request.get("form") or ()),
        status=response["status"],
        answer_headers=tuple((name, value) for name, value in response["headers"]),
        answer=_answer_body(response, folder),
        end=response["end"],
        chunked=response.get("framing") == "chunked",
        closed=response.get("connection") == "closed",
        interim=interim.encode() if interim.startswith("HTTP/") else b"",
    )


def _request_body(request: Mapping[str, Any]) -> tuple[Any, bytes]:
    if "body_base64" in request:
        return None, base64.b64decode(request["body_base64"])
    body = request.get("body") or ""
    if not isinstance(body, str):
        return body, json.dumps(body).encode()
    try:
        return json.loads(body), body.encode()
    except ValueError:
        return None, body.encode()


def _answer_body(response: Mapping[str, Any], folder: Path) -> bytes:
    if response.get("body_file"):
        return folder.joinpath(str(response["body_file"])).read_bytes()
    if "body_base64" in response:
        return base64.b64decode(response["body_base64"])
    body: str = response.get("body") or ""
    return body.encode()

"""Every way the gateway says no, in its own shapes and words.

The middleware (key, model, channel) answers in one shape on all routes; handlers answer in the shape of their route.
Texts are the software's; some are Chinese whatever `Accept-Language` says.
"""

import msgspec

from tikhub_async.testing._exchange import Answer, Shape, json_answer

SATURATED = "当前分组上游负载已饱和，请稍后再试"
"""What the task routes say for every 429, whatever the provider said."""
HTML_PAGE = (
    b'<!doctype html><html lang="en"><head><title>AI gateway</title></head><body><div id="root"></div></body></html>\n'
)
PROXY_PAGE = b"<html>\r\n<head><title>%d</title></head>\r\n<body><center><h1>%d</h1></center></body>\r\n</html>\r\n"
RATE_LIMIT_TEXT = "Rate limit reached for requests. Please try again in 20s."


def middleware(status: int, message: str, request_id: str, *, code: str = "") -> Answer:
    """A refusal before routing: no `param`, the code mostly empty."""
    text = f"{message} (request id: {request_id})"
    return json_answer({"error": {"code": code, "message": text, "type": "new_api_error"}}, status=status)


def by_shape(
    shape: Shape,
    status: int,
    code: str | int | None,
    message: str,
    kind: str,
    request_id: str,
    *,
    numbered: bool | None = None,
) -> Answer:
    """A refusal by the handler of a route.

    Args:
        shape: Error shape of the route.
        status: HTTP status.
        code: Error code.
        message: Text.
        kind: The error's type.
        request_id: Id of the exchange.
        numbered: Whether the id is appended to the text, which task routes never do; None: if it is the gateway's own
            error (`kind` `new_api_error`), and on `/v1/messages`.
    """
    if shape == "task":
        return json_answer({"code": str(code), "message": message, "data": None}, status=status)
    if numbered if numbered is not None else kind == "new_api_error" or shape == "claude":
        message = f"{message} (request id: {request_id})"
    if shape == "claude":
        return json_answer({"error": {"type": kind, "message": message}, "type": "error"}, status=status)
    if shape == "content":
        return json_answer({"error": {"message": message, "type": kind}}, status=status)
    return json_answer({"error": {"message": message, "type": kind, "param": "", "code": code}}, status=status)


def rate_limited(shape: Shape, request_id: str) -> Answer:
    """A provider's 429 as each route passes it on."""
    if shape == "task":
        return by_shape(shape, 429, "fail_to_fetch_task", SATURATED, "", request_id)
    if shape == "claude":
        # The provider's `rate_limit_error` is lost on the way: Go prints a missing code as <nil>.
        return by_shape(shape, 429, None, RATE_LIMIT_TEXT, "<nil>", request_id)
    if shape == "gemini":
        return by_shape(shape, 429, 429, RATE_LIMIT_TEXT, "upstream_error", request_id)
    if shape == "content":
        return by_shape(shape, 502, None, "Upstream service returned status 429", "server_error", request_id)
    return by_shape(shape, 429, "rate_limit_exceeded", RATE_LIMIT_TEXT, "requests", request_id)


def as_streamed(answer: Answer) -> Answer:
    """An upstream's error for a client that asked for events: JSON under the content type of a stream."""
    headers = {"Cache-Control": "no-cache", "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
    return Answer(answer.status, answer.body, answer.headers | headers)


def invalid_url(method: str, path: str) -> Answer:
    """404 of a path that the gateway does not know, below `/v1` and `/api`."""
    text = f"Invalid URL ({method} {path})"
    error = {"message": text, "type": "invalid_request_error", "param": "", "code": ""}
    return json_answer({"error": error}, status=404, headers={"Cache-Control": "max-age=604800"})


def moved(method: str, path: str) -> Answer:
    """Where a path with a slash too many leads."""
    if method != "GET":
        return Answer(307, b"", {"Location": path}, bare=True)
    page = f'<a href="{path}">Moved Permanently</a>.\n\n'.encode()
    return Answer(301, page, {"Location": path, "Content-Type": "text/html; charset=utf-8"}, bare=True)


def html_page(status: int = 200) -> Answer:
    """The dashboard, which answers every other path; other statuses look like a proxy's page."""
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache"}
    return Answer(status, HTML_PAGE if status == 200 else PROXY_PAGE % (status, status), headers)


def error_event(shape: Shape, route: str, status: str, message: str, code: str | int | None, *, framed: bool) -> bytes:
    """An error after the 200 of a stream."""
    error: dict[str, object] = {"type": status, "message": message}
    if shape == "claude":
        payload: dict[str, object] = {"error": error, "type": "error"}
    elif shape == "gemini":
        payload = {"error": {"code": code if code is not None else 503, "message": message, "status": status}}
    else:
        # Without a frame it is the gateway's own error object, where a missing `param` is "".
        payload = {"error": {"message": message, "type": status, "param": None if framed else "", "code": code}}
    event = b""
    if framed and shape == "claude":
        event = b"event: error\n"
    elif framed and route == "responses":
        event = b"event: error\n"
        payload = {"type": "error", "code": code, "message": message, "param": None, "sequence_number": 0}
    data = msgspec.json.encode(payload)
    return event + b"data: " + data + b"\n\n" if framed else data

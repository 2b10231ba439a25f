"""`GET /cdn/{name}`: where result URLs lead, a media host that knows no keys but ranges, lengths and entity tags."""

import re
from functools import cache
from importlib.resources import files

from tikhub_async.testing._exchange import Answer, Exchange, Route, http_date

LAST_MODIFIED = 1772095419
"""Unix seconds; the file never changes."""
ETAG = '"emulated-result-1"'
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@cache
def result_video() -> bytes:
    """The playable MP4 that every finished task leads to."""
    return files("tikhub_async.testing").joinpath("samples", "result.mp4").read_bytes()


def serve(exchange: Exchange) -> Answer:
    """The whole file, or the asked range of it."""
    content = result_video()
    asked = exchange.record.headers
    headers = {
        "Content-Type": "video/mp4",
        "Accept-Ranges": "bytes",
        "ETag": ETAG,
        "Last-Modified": http_date(LAST_MODIFIED),
    }
    found = _RANGE.fullmatch(asked.get("range", ""))
    if found is None or not any(found.groups()) or asked.get("if-range", ETAG) not in {ETAG, headers["Last-Modified"]}:
        return Answer(200, content, headers)
    first, last = found.groups()
    size = len(content)
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end:
        return Answer(416, b"", headers | {"Content-Range": f"bytes */{size}"})
    return Answer(206, content[start : end + 1], headers | {"Content-Range": f"bytes {start}-{end}/{size}"})


def head(exchange: Exchange) -> Answer:
    """The same without the body."""
    return serve(exchange)


ROUTES = (
    Route("media", "GET", "/cdn/{id}", serve, "content", model="none", paid=False, keyless=True),
    Route("media.head", "HEAD", "/cdn/{id}", head, "content", model="none", paid=False, keyless=True),
)

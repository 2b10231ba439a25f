"""Which result of a task is meant, and where it lies: at an address, behind the content route, or inside the answer."""

import binascii
import re
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from tikhub_async._session.fetch import DOWNLOAD, request_for, shown
from tikhub_async._tasks.state import inline_media, is_content_route
from tikhub_async._wire.request import Request, segment
from tikhub_async.errors import DownloadError, ParameterError

if TYPE_CHECKING:
    from tikhub_async._session.session import Session
    from tikhub_async._tasks.task import VideoTask

SUFFIXES = {
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
    "video/mpeg": ".mpeg",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
}
"""File suffixes by content type: the only ones that a suggested file name can get."""

VIDEO_TYPE = "video/mp4"
"""What every video provider here makes."""
LONGEST_NAME = 120
"""Characters of a suggested file name before its suffix; file systems end at 255 with `.part.note`."""
SLICE = 2**20
"""Characters of base64 decoded at a time; a multiple of 4."""

_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
"""The two letters of the URL-safe alphabet."""
_SPACE = b" \t\r\n"
_SUFFIX = re.compile(r"\.[a-z0-9]{2,5}\Z")


@dataclass(frozen=True)
class Remote:
    """A result to be fetched."""

    request: Request
    ranges: bool
    """False for the content route: it knows no ranges, and ends downloads after 60 s."""
    spare: Request | None = None
    """The content route, where it may still serve what its address does not: addresses expire."""

    @property
    def shown(self) -> str:
        """Where it lies, for texts and notes."""
        return shown(self.request.url)

    @property
    def suffix(self) -> str:
        """The suffix in its address, where that is one of a media file; else `""`."""
        ending = _SUFFIX.search(re.split(r"[?#]", self.request.url, maxsplit=1)[0].lower())
        return ending[0] if ending and ending[0] in SUFFIXES.values() else ""


@dataclass(frozen=True)
class Inline:
    """A result that came inside the answer."""

    text: str
    start: int = 0
    """Where the data begins in `text`."""
    base64: bool = True
    content_type: str = VIDEO_TYPE

    @property
    def suffix(self) -> str:
        """Unknown beside the content type."""
        return ""

    def pieces(self) -> Generator[bytes, None, None]:
        """The bytes, a piece at a time, so that there is never a second whole copy.

        Raises:
            DownloadError: The text is not base64.
        """
        if not self.base64:
            yield unquote_to_bytes(self.text[self.start :])
            return
        rest = b""
        try:
            for at in range(self.start, len(self.text), SLICE):
                letters = rest + self.text[at : at + SLICE].encode("ascii").translate(_TO_BASE64, _SPACE)
                whole = len(letters) // 4 * 4
                rest = letters[whole:]
                yield binascii.a2b_base64(letters[:whole], strict_mode=True)
            yield binascii.a2b_base64(rest + b"=" * (-len(rest) % 4), strict_mode=True)
        except ValueError as failure:
            reason = str(failure)
        else:
            return
        raise DownloadError(f"the video inside the answer is not base64: {reason}")


def result_of(task: "VideoTask[Any]", session: "Session", which: int | str) -> Remote | Inline:
    """Where a result of a finished task lies.

    Args:
        task: A task that has succeeded.
        session: Its client's.
        which: Number of the video, or name of an extra.

    Raises:
        DownloadError: The task has no such result, or it lies where nothing can be fetched from.
    """
    state = task.state
    if isinstance(which, str):
        if which not in state.extras:
            raise _nothing(task, which)
        return _at(task, session, state.extras[which])
    if state.urls:
        if not 0 <= which < len(state.urls):
            raise _nothing(task, which)
        url = state.urls[which]
        if which == 0 and is_content_route(url):
            # The provider's own address of the same video knows ranges and has no limit of 60 s.
            url = next((other for other in state.urls if not is_content_route(other)), url)
        found = _at(task, session, url)
        if which == 0 and isinstance(found, Remote) and found.ranges:
            return replace(found, spare=_spare(task, session, url))
        return found
    if state.inline:
        return _inside(task, which)
    if which != 0:
        raise _nothing(task, which)
    if task.kind.content is None and "gcs" in state.extras:
        return _at(task, session, state.extras["gcs"])
    return _content(task, session)


def _at(task: "VideoTask[Any]", session: "Session", url: str) -> Remote | Inline:
    scheme = url.partition(":")[0].lower()
    if scheme == "data":
        return _data_url(url)
    if scheme == "gs":
        raise _in_bucket(url)
    if is_content_route(url):
        return _content(task, session)
    return Remote(request_for(url, session.config), ranges=True)


def _spare(task: "VideoTask[Any]", session: "Session", url: str) -> Request | None:
    if task.kind.content is None or url.startswith(f"{session.config.base_url}/"):
        return None  # what the gateway itself refuses it refuses there as well
    try:
        return task.kind.content(session, task.id)
    except ParameterError:
        return None


def _content(task: "VideoTask[Any]", session: "Session") -> Remote:
    # Built here: the host in the gateway's own address of this route is a setting that may be wrong.
    problem = ""
    try:
        if task.kind.content is not None:
            return Remote(task.kind.content(session, task.id), ranges=False)
        url = f"{session.config.base_url}/v1/videos/{segment(task.id, 'id', DOWNLOAD.name)}/content"
        if task.state.urls:
            return Remote(request_for(url, session.config), ranges=False)
    except ParameterError as refusal:
        problem = refusal.message
    if "gcs" in task.state.extras:
        raise _in_bucket(task.state.extras["gcs"])
    raise DownloadError(
        f"{task.provider} task {task.id} has no address of its video{f': {problem}' if problem else ''}",
        hint="task.raw holds the whole answer; await task.refresh() asks again",
    )


def _inside(task: "VideoTask[Any]", which: int) -> Inline:
    try:
        texts = inline_media(task.state.raw)
    except ValueError:
        texts = []
    if not 0 <= which < len(texts):
        raise _nothing(task, which, len(texts))
    return _data_url(texts[which]) if texts[which][:5].lower() == "data:" else Inline(texts[which])


def _data_url(url: str) -> Inline:
    start = url.find(",") + 1
    kind, *parameters = url[5 : max(start - 1, 5)].lower().split(";")
    return Inline(url, start, "base64" in parameters or not start, kind.strip() or VIDEO_TYPE)


def _in_bucket(url: str) -> DownloadError:
    return DownloadError(
        f"the result lies in a Google bucket, {url}, which this package does not read",
        hint=f"`gcloud storage cp {url} .` fetches it with your own rights; without storageUri the video comes by itself",
    )


def _nothing(task: "VideoTask[Any]", which: int | str, inside: int = 0) -> DownloadError:
    videos = len(task.state.urls) or inside or 1
    extras = ", ".join(map(repr, task.state.extras)) or "none"
    numbers = "0" if videos == 1 else f"0…{videos - 1}"
    return DownloadError(
        f"{task.provider} task {task.id} has no result {which!r}",
        hint=f"videos by number: {numbers}; extras by name: {extras}",
    )


def file_name(task: "VideoTask[Any]", which: int | str, content_type: str, known_suffix: str) -> str:
    """A name for the file that nothing on the wire can turn into another path: task id, result, suffix from a table."""
    last = task.id.rpartition("/")[2] or task.provider  # of an operation's name, which is a path
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", last if which == 0 else f"{last}-{which}")
    suffix = SUFFIXES.get(content_type.partition(";")[0].strip().lower()) or known_suffix
    return stem[-LONGEST_NAME:] + (suffix or (".mp4" if isinstance(which, int) else ".bin"))

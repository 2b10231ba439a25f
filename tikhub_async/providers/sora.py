"""Sora, OpenAI's video models.

| call | route | evidence |
|---|---|---|
| `create` | `POST /v1/videos` | documented, 411630954e0 |
| `retrieve` | `GET /v1/videos/{video_id}` | inferred from the gateway software |
| `download_content` | `GET /v1/videos/{video_id}/content` | inferred |
| `remix` | `POST /v1/videos/{video_id}/remix` | inferred; panics (500) in the version recorded |
| `list` | `GET /v1/videos` | named in the documentation, 404 in every version of the software read |
| `delete` | `DELETE /v1/videos/{video_id}` | as `list` |

The object has no address of the video: `TaskState.url` is None on success and the bytes come from the content route.
"""

import re
from collections.abc import Mapping

import msgspec

from tikhub_async._tasks.state import created_from, first_id, object_state, state_from
from tikhub_async.providers import _rules
from tikhub_async.types.sora import VideoResponse
from tikhub_async.types.task import TaskState, TaskStatus

STATUS: Mapping[str, TaskStatus] = {
    "queued": "queued",
    "in_progress": "running",
    "completed": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "unknown": "unknown",
}
"""OpenAI's words, and `unknown`, which the gateway says until its first look at the provider."""

PROMPT_LIMIT = 32_000

MODELS = re.compile(r"sora-2(-pro)?(-20\d\d-\d\d-\d\d)?\Z")
"""Models whose limits are known."""

LENGTHS = ("4", "8", "12")

SIZES = ("720x1280", "1280x720")

PRO_SIZES = (*SIZES, "1024x1792", "1792x1024")


def state_of(body: VideoResponse) -> TaskState:
    """The state that the answer to a retrieval tells.

    An error in place of a status is a failure: the gateway has given the task up and will not look again.
    """
    state = state_from(body, _native)
    if body.error is None or body.status is not None or body.in_envelope:
        return state
    code = None if isinstance(body.error, str) else body.error.code
    return msgspec.structs.replace(
        state, status="failed", word="error", error=state.note, error_code=code, note=None
    )


def created(body: VideoResponse) -> TaskState:
    """The state that the answer to a creation or a remix tells."""
    return created_from(body, _native)


def task_id_of(body: VideoResponse) -> str:
    """The id to ask with; `""` when the answer has none."""
    return first_id(body)


def _native(body: VideoResponse) -> TaskState:
    return msgspec.structs.replace(object_state(body, STATUS), usage=body.usage)


def check(params: _rules.Params, where: str = "sora.create") -> None:
    """Refuse what OpenAI would refuse after the gateway took the price.

    Raises:
        InvalidParameter: A rule is broken; `path` and `rule` say which.
    """
    _rules.needs_text(where, params, "prompt", PROMPT_LIMIT)
    model = str(params.get("model", ""))
    _check_length(where, params.get("seconds"), model)
    _check_size(where, params.get("size"), model)
    _check_reference(where, params.get("input_reference"))


def check_remix(params: _rules.Params, where: str = "sora.remix") -> None:
    """Refuse a remix without a prompt.

    Raises:
        InvalidParameter: The prompt is blank or too long.
    """
    _rules.needs_text(where, params, "prompt", PROMPT_LIMIT)


def check_list(params: _rules.Params, where: str = "sora.list") -> None:
    """Refuse a page size that is not one.

    Raises:
        InvalidParameter: `limit` is not 1…100.
    """
    _rules.whole_number(where, params, "limit")
    _rules.number_within(where, params, "limit", 1, 100)


def _check_length(where: str, value: object, model: str) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        _rules.refuse(where, "seconds", f"must be text, got {value!r}", f'seconds="{value}"')
    if not re.fullmatch(r"[0-9]{1,4}", value) or (MODELS.match(model) and value not in LENGTHS):
        _rules.refuse(where, "seconds", f"must be one of {', '.join(LENGTHS)} for {model}, got {value!r}")


def _check_size(where: str, value: object, model: str) -> None:
    if value is None:
        return
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{2,5}x[0-9]{2,5}", value):
        _rules.refuse(where, "size", f"must be width x height, got {value!r}", 'as size="1280x720"')
    known = MODELS.match(model)
    sizes = PRO_SIZES if known and known[1] else SIZES
    if known and value not in sizes:
        hint = "sora-2-pro makes it" if value in PRO_SIZES else None
        _rules.refuse(where, "size", f"must be one of {', '.join(sizes)} for {model}, got {value!r}", hint)


def _check_reference(where: str, value: object) -> None:
    if isinstance(value, str) and value[:5].lower() != "data:" and "://" not in value[:64]:
        hint = "for a file on disk: input_reference=pathlib.Path(…)"
        _rules.refuse(where, "input_reference", f"must be https://… or data:image/…, got {value[:40]!r}", hint)
    if _rules.is_object(value) and (len(value) != 1 or not value.keys() <= {"image_url", "file_id"}):
        _rules.refuse(where, "input_reference", "must have either image_url or file_id")

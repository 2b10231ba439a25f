"""What the gateway looks at before it serves a request, in its order: key, body, model, types, balance.

Source: the gateway software (version of 2026-03-02), as recorded; TikHub's own build may word things differently.
"""

import re
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import msgspec

from tikhub_async.testing import _refusals as refusals
from tikhub_async.testing._catalog import VIDEO
from tikhub_async.testing._exchange import Answer, Exchange, Refused
from tikhub_async.testing.keys import Identity
from tikhub_async.testing.records import RecordedRequest

NO_VIDEO_PLATFORMS = {"claude": 14, "deepseek": 43}
"""Channel numbers of families that the video routes do not know."""
NO_MODEL = "Model name not specified, model name cannot be empty"

_KEY_STATES: dict[str, tuple[int, str, str]] = {
    "expired": (401, "该令牌已过期", ""),
    "exhausted": (401, "该令牌额度已用尽 TokenStatusExhausted[sk-TES***000]", ""),
    "disabled": (401, "该令牌状态不可用", ""),
    "blocked_ip": (403, "您的 IP 不在令牌允许访问的列表中", "access_denied"),
    "banned": (403, "用户已被封禁", ""),
}
"""State of a key → status, text, code."""


def credential(path: str, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """The credential that counts on this path, None if there is none.

    A family's own header works on that family's paths only, and there it overrides `Authorization`.
    """
    found = headers.get("authorization")
    if found is not None:
        found = re.sub(r"^[Bb]earer\s?", "", found)
    if ("/v1/messages" in path or "/v1/models" in path) and headers.get("x-api-key"):
        found = headers["x-api-key"]
    if path.startswith(("/v1beta/models", "/v1beta/openai/models", "/v1/models/")):
        found = headers.get("x-goog-api-key") or query.get("key") or found
    return found


def identify(found: str | None, keys: Mapping[str, Identity], rid: str) -> Identity:
    """Whose key it is.

    Raises:
        Refused: The key is missing, unknown, or in a state that refuses everything.
    """
    if found is None:
        raise Refused(refusals.middleware(401, "未提供令牌", rid))
    token, *rest = found.strip().removeprefix("sk-").split("-")
    identity = keys.get(f"sk-{token}")
    if identity is None:
        raise Refused(refusals.middleware(401, "无效的令牌", rid))
    if identity.state in _KEY_STATES:
        status, text, code = _KEY_STATES[identity.state]
        raise Refused(refusals.middleware(status, text, rid, code=code))
    if rest:
        # What follows the key after a dash chooses a channel, which only administrators may.
        raise Refused(refusals.middleware(403, "普通用户不支持指定渠道", rid))
    return identity


def read_body(record: RecordedRequest, content_type: str) -> str:
    """Decode the body into the record; returns what is wrong with it, "" if nothing.

    With any other content type than JSON or a form the gateway sees no fields at all.
    """
    kind = content_type.split(";")[0].strip().lower()
    if kind == "application/json":
        try:
            record.json = msgspec.json.decode(record.body)
        except msgspec.DecodeError:
            return "unexpected end of JSON input"
        except UnicodeDecodeError:
            return "invalid character in string literal"
        if not isinstance(record.json, dict):
            return f"json: cannot unmarshal {_json_kind(record.json)} into Go value of type middleware.ModelRequest"
    elif kind == "multipart/form-data":
        record.form, record.files = _read_form(record.body, content_type)
    elif kind == "application/x-www-form-urlencoded":
        record.form = dict(parse_qsl(record.body.decode("utf-8", "replace"), keep_blank_values=True))
    return ""


def _read_form(body: bytes, content_type: str) -> tuple[dict[str, str], dict[str, tuple[str, bytes]]]:
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    form: dict[str, str] = {}
    parts: dict[str, tuple[str, bytes]] = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            continue
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        filename = part.get_filename()
        if filename is None:
            form[name] = content.decode("utf-8", "replace")
        else:
            parts.setdefault(name, (filename, content))
    return form, parts


def check_model(exchange: Exchange, problem: str) -> None:
    """Read the model and refuse what no channel serves.

    Raises:
        Refused: 400 without a usable model, 403 for a key that may not use it, 503 for an unknown model.
    """
    rid, route = exchange.request_id, exchange.route
    if route.model == "path":
        exchange.model = exchange.path_params["model"]
    elif route.model in {"body", "form"}:
        if problem:
            raise Refused(refusals.middleware(400, f"Invalid request: Invalid request: {problem}", rid))
        model = next((exchange.body[key] for key in route.model_keys if exchange.body.get(key) is not None), None)
        if model is not None and not isinstance(model, str):
            text = f"json: cannot unmarshal {_json_kind(model)} into Go struct field ModelRequest.model of type string"
            raise Refused(refusals.middleware(400, f"Invalid request: Invalid request: {text}", rid))
        exchange.model = model or ""
    allowed = exchange.identity.models
    named = bool(exchange.model) or route.model == "empty"
    if allowed is not None and named and exchange.model not in allowed:
        # Polls name no model, and an allow list refuses even the empty name.
        raise Refused(refusals.middleware(403, f"This token has no access to model {exchange.model}", rid))
    if route.model in {"empty", "none"}:
        return
    if not exchange.model and route.model == "form":
        refuse(exchange, "model is required")
    if not exchange.model:
        raise Refused(refusals.middleware(400, NO_MODEL, rid))
    family = exchange.world.models.get(exchange.model)
    if family is None:
        text = f"No available channel for model {exchange.model} under group default (distributor)"
        raise Refused(refusals.middleware(503, text, rid, code="model_not_found"))
    exchange.family = family


def check_types(exchange: Exchange, problem: str) -> None:
    """Refuse JSON of the wrong type, as Go's decoder does: null passes, `5.0` is no int.

    Raises:
        Refused: 500 on language routes, 400 on task routes.
    """
    if problem and exchange.route.method == "POST":
        refuse(exchange, problem)
    for name, go_type in exchange.route.types.items():
        value = exchange.body.get(name)
        if value is not None and not _fits(value, go_type):
            kind = _json_kind(value) + (f" {value}" if isinstance(value, float) else "")
            field = f".Alias.{name}" if exchange.route.shape == "task" else f"***.{name}"
            code = "invalid_json" if exchange.route.name.startswith("sora.") else "invalid_request"
            refuse(exchange, f"json: cannot unmarshal {kind} into Go struct field {field} of type {go_type}", code=code)


def check_price(exchange: Exchange) -> None:
    """Refuse what cannot be paid, and models without a price or a provider.

    Raises:
        Refused: 403 without balance or key quota, 500 for a model without price, 500 for a provider that is down.
    """
    if not exchange.route.paid:
        return
    shape, model = exchange.route.shape, exchange.model
    video_route = shape == "task"
    if model and video_route and exchange.family in NO_VIDEO_PLATFORMS:
        refuse(exchange, f"invalid api platform: {NO_VIDEO_PLATFORMS[exchange.family]}", code="invalid_api_platform")
    if model and video_route and exchange.family not in VIDEO:
        refuse(exchange, f"模型 {model} 价格未配置，请联系管理员设置", code="model_price_error")
    if exchange.family == "unpriced":
        text = (
            f"模型 {model} 倍率或价格未配置，请联系管理员设置或开始自用模式；"
            f"Model {model} ratio or price not set, please set or start self-use mode"
        )
        refuse(exchange, text, code="model_price_error")
    if not exchange.identity.balance:
        refuse(exchange, "用户额度不足, 剩余额度: ＄0.000000", status=403, code="insufficient_user_quota")
    if not exchange.identity.quota:
        text = "token quota is not enough, token remain quota: ＄0.000020, need quota: ＄0.009000"
        refuse(exchange, text, status=403, code="pre_consume_token_quota_failed")
    if exchange.family == "dead":
        answer = _refusal(exchange, "upstream error: do request failed", 500, "do_request_failed")
        raise Refused(refusals.as_streamed(answer) if exchange.stream else answer)
    if exchange.route.model == "body" and not video_route and exchange.family in VIDEO:
        refuse(
            exchange, f"This model is not supported on this route: {model}", status=400, code="bad_response_status_code"
        )


def refuse(exchange: Exchange, message: str, *, status: int | None = None, code: str = "invalid_request") -> NoReturn:
    """Refuse in the shape of the route.

    Raises:
        Refused: Always. The default status of bad input is 400 on task routes and 500 elsewhere.
    """
    default = 400 if exchange.route.shape == "task" else 500
    raise Refused(_refusal(exchange, message, status or default, code))


def _refusal(exchange: Exchange, message: str, status: int, code: str) -> Answer:
    return refusals.by_shape(exchange.route.shape, status, code, message, "new_api_error", exchange.request_id)


def _json_kind(value: Any) -> str:
    kinds = {"bool": "bool", "int": "number", "float": "number", "str": "string", "list": "array", "dict": "object"}
    return kinds.get(value.__class__.__name__, "null")


def _fits(value: Any, go_type: str) -> bool:
    if go_type.startswith("***."):
        return isinstance(value, dict)
    if go_type == "string":
        return isinstance(value, str)
    if go_type == "bool":
        return isinstance(value, bool)
    if go_type == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if go_type == "float64":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if go_type.startswith("[]"):
        return isinstance(value, list)
    return True

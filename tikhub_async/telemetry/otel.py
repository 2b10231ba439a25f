"""OpenTelemetry: a span and metrics per call, by the conventions for generative AI. Needs the extra `[otel]`.

    from tikhub_async.telemetry.otel import OpenTelemetry

    client = TikHubAI(hooks=[OpenTelemetry()])

Without providers of its own it uses the global ones. A call's span is named `chat gpt-5`, carries model, limits, token
counts, finish reasons and the request id, and for a stream the time to its first chunk; retries are events on it. Metrics:
`gen_ai.client.operation.duration`, `.token.usage`, `.operation.time_to_first_chunk`, `.operation.time_per_output_chunk`.

A video has two: the creation (`generate_content doubao-…`), and `video seedance` from then to its end, as far as somebody
waits for it, with `gen_ai.output.type` `video`, `tikhub.task.id`, and an event for each status; looks have no spans. No
convention covers videos, so those names are ours. Prompts and answers are never recorded.

The conventions are in development and the helper package is beta: names may change with it, in this module only.
"""

from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from tikhub_async._version import __version__
from tikhub_async.telemetry._calls import Call, Hooks
from tikhub_async.types._base import is_array, is_object

try:
    from opentelemetry.trace import SpanKind, Status, StatusCode, get_tracer
    from opentelemetry.util.genai.handler import TelemetryHandler
    from opentelemetry.util.genai.invocation import EmbeddingInvocation, InferenceInvocation
    from opentelemetry.util.genai.types import Error
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"tikhub_async.telemetry.otel needs {missing.name}: pip install 'tikhub-async[otel]'", name=missing.name
    ) from None

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from tikhub_async._tasks import VideoTask

SCOPE = "tikhub_async"
EMBEDDINGS = "openai.embeddings"
OPEN_VIDEOS = 10_000
"""Spans of videos kept open; beyond it the oldest is ended as it stands."""
OPERATIONS = {
    "gemini.models.generate_content": "generate_content",
    "gemini.models.generate_content_stream": "generate_content",
}
"""The conventions' word for a call; all others are `chat`."""
PROVIDERS = {"claude": "anthropic", "gemini": "gcp.gemini", "openai": "openai", "deepseek": "deepseek"}
"""The conventions' names of providers."""
PARAMETERS: dict[str, tuple[str, ...]] = {
    "temperature": ("temperature",),
    "top_p": ("top_p", "topP"),
    "top_k": ("top_k", "topK"),
    "max_tokens": ("max_completion_tokens", "max_output_tokens", "maxOutputTokens", "max_tokens"),
    "seed": ("seed",),
    "frequency_penalty": ("frequency_penalty", "frequencyPenalty"),
    "presence_penalty": ("presence_penalty", "presencePenalty"),
    "request_choice_count": ("n", "candidateCount"),
}
"""Attribute of a span → the request's names for it."""


class OpenTelemetry(Hooks):
    """Calls and videos as spans and metrics."""

    def __init__(
        self,
        *,
        tracer_provider: "TracerProvider | None" = None,
        meter_provider: "MeterProvider | None" = None,
        logger_provider: "LoggerProvider | None" = None,
    ) -> None:
        self._handler = TelemetryHandler(
            tracer_provider=tracer_provider,
            meter_provider=meter_provider,
            logger_provider=logger_provider,
            instrumentation_scope_name=SCOPE,
            instrumentation_scope_version=__version__,
        )
        self._tracer = get_tracer(SCOPE, __version__, tracer_provider)
        # Weak: a stream that is dropped ends when its call is collected, which nothing here may prevent.
        self._open: WeakKeyDictionary[Call, InferenceInvocation | EmbeddingInvocation] = WeakKeyDictionary()
        self._videos: OrderedDict[tuple[str, str], Span] = OrderedDict()

    # ── calls ───────────────────────────────────────────────────────────────────────────────────────────────────

    def on_start(self, call: Call) -> None:
        """Begin the span of a paid call."""
        if call.kind not in ("generate", "create"):
            return
        host, port = call.server
        provider, model = PROVIDERS.get(call.provider, call.provider), call.model or None
        span: InferenceInvocation | EmbeddingInvocation
        if call.name == EMBEDDINGS:
            span = self._handler.embedding(provider, request_model=model, server_address=host, server_port=port)
        else:
            operation = "generate_content" if call.kind == "create" else OPERATIONS.get(call.name)
            span = self._handler.inference(
                provider, request_model=model, server_address=host, server_port=port, operation_name=operation
            )
            _describe(span, call)
        # The caller's own spans stay children of the caller's span, not of this one.
        span.suspend()
        self._open[call] = span

    def on_response(self, call: Call) -> None:
        """A failed attempt is an event on the span."""
        span = self._open.get(call)
        if span is not None and call.failure is not None:
            span.span.add_event(
                "tikhub.attempt.failed", {"tikhub.attempt": call.attempts, "error.type": _type_of(call.failure)}
            )

    def on_event(self, call: Call, count: int) -> None:
        """Timing of a stream: what arrived together is one chunk."""
        span = self._open.get(call)
        if span is not None:
            span.record_stream_chunk()

    def on_end(self, call: Call) -> None:
        """End the span and record the metrics."""
        span = self._open.pop(call, None)
        if span is None:
            return
        span.attributes["tikhub.attempts"] = call.attempts
        if call.request_id is not None:
            span.attributes["tikhub.request_id"] = call.request_id
        if call.maybe_billed:
            span.attributes["tikhub.maybe_billed"] = True
        _count(span, call)
        if call.error is None:
            span.stop()
        else:
            # The class alone: messages may quote prompts, and those are never recorded.
            span.fail(Error(message=_type_of(call.error), type=_type_of(call.error)))

    # ── videos ──────────────────────────────────────────────────────────────────────────────────────────────────

    def on_task(self, task: "VideoTask[Any]") -> None:
        """Begin, mark and end the span of a video."""
        key = (task.provider, task.id)
        span = self._videos.get(key)
        if span is None:
            if task.creation is None and task.done:
                return  # only looked at, after its end
            span = self._videos[key] = self._begin(task)
        facts = {"tikhub.task.status": task.status}
        span.set_attributes(facts)
        span.add_event(
            "tikhub.task", {**facts, **({} if task.progress is None else {"tikhub.task.progress": task.progress})}
        )
        if task.done:
            del self._videos[key]
            if task.status != "succeeded":
                span.set_attribute("error.type", task.status)
                span.set_status(Status(StatusCode.ERROR, task.status))
            elif task.state.quota is not None:
                span.set_attribute("tikhub.task.quota", task.state.quota)
            span.end()

    def _begin(self, task: "VideoTask[Any]") -> "Span":
        if len(self._videos) >= OPEN_VIDEOS:
            self._videos.popitem(last=False)[1].end()
        base = urlsplit(task._live().config.base_url)
        return self._tracer.start_span(
            f"video {task.provider}",
            kind=SpanKind.CLIENT,
            attributes={
                "gen_ai.operation.name": "generate_content",
                "gen_ai.provider.name": task.provider.partition(".")[0],
                "gen_ai.output.type": "video",
                "server.address": base.hostname or "",
                "tikhub.task.id": task.id,
            },
        )


def _describe(span: "InferenceInvocation", call: Call) -> None:
    """What was asked for, without the prompt."""
    parameters = call.parameters
    config = parameters.get("generationConfig")
    for attribute, names in PARAMETERS.items():
        for name in names:
            value = parameters.get(name, config.get(name) if is_object(config) else None)
            if isinstance(value, int | float):
                setattr(span, attribute, value)
                break
    if call.streamed:
        span.request_stream = True
    if call.kind == "create":
        span.output_type = "video"


def _count(span: "InferenceInvocation | EmbeddingInvocation", call: Call) -> None:
    """What came back, without the answer."""
    tokens = call.tokens
    span.input_tokens = tokens.input_tokens
    if isinstance(span, EmbeddingInvocation):
        return
    span.output_tokens = tokens.output_tokens
    span.thinking_tokens = tokens.reasoning_tokens
    span.cache_read_input_tokens = tokens.cached_tokens
    response = call.response
    if is_object(response):
        span.response_id = _text(response, "id", "responseId")
        span.response_model_name = _text(response, "model", "modelVersion")
        span.finish_reasons = _reasons(response) or None


def _reasons(response: dict[str, Any]) -> list[str]:
    answers: Any = response.get("choices") or response.get("candidates") or [response]
    found = [answer for answer in answers if is_object(answer)] if is_array(answers) else []
    words = [_text(answer, "finish_reason", "finishReason", "stop_reason", "status") for answer in found]
    return [word for word in words if word]


def _text(data: dict[str, Any], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := data.get(name), str) and value), None)


def _type_of(error: BaseException) -> str:
    return type(error).__name__

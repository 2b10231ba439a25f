"""`run_tools`, and the resources it works with."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Literal, Protocol, Unpack, overload

from tikhub_async._clock import Clock
from tikhub_async._streams import EventStream
from tikhub_async.errors import InvalidParameter, MissingParameter
from tikhub_async.tools._dialects import DIALECTS
from tikhub_async.tools._function import AnyTool, as_tool
from tikhub_async.tools._runner import WHERE, Limits, ToolRunner
from tikhub_async.types.chat import ChatCompletionChunk, ChatCompletionParams, ChatCompletionResponse
from tikhub_async.types.claude import ClaudeMessageParams, ClaudeMessageResponse, MessageStreamEvent
from tikhub_async.types.gemini import GeminiChunk, GeminiGenerateContentParams, GeminiGenerateContentResponse
from tikhub_async.types.responses import ResponseObject, ResponseParams, ResponseStreamEvent


class ChatResource(Protocol):
    """`client.<provider>.chat.completions`, or something alike."""

    dialect: ClassVar[Literal["chat"]]

    def create(self, **params: Unpack[ChatCompletionParams]) -> Awaitable[ChatCompletionResponse]:
        """A whole completion."""
        ...

    def stream(
        self, **params: Unpack[ChatCompletionParams]
    ) -> EventStream[ChatCompletionChunk, ChatCompletionResponse]:
        """A streamed completion."""
        ...


class ResponsesResource(Protocol):
    """`client.openai.responses`, or something alike."""

    dialect: ClassVar[Literal["responses"]]

    def create(self, **params: Unpack[ResponseParams]) -> Awaitable[ResponseObject]:
        """A whole response."""
        ...

    def stream(self, **params: Unpack[ResponseParams]) -> EventStream[ResponseStreamEvent, ResponseObject]:
        """A streamed response."""
        ...


class MessagesResource(Protocol):
    """`client.claude.messages`, or something alike."""

    dialect: ClassVar[Literal["messages"]]

    def create(self, **params: Unpack[ClaudeMessageParams]) -> Awaitable[ClaudeMessageResponse]:
        """A whole message."""
        ...

    def stream(self, **params: Unpack[ClaudeMessageParams]) -> EventStream[MessageStreamEvent, ClaudeMessageResponse]:
        """A streamed message."""
        ...


class GeminiResource(Protocol):
    """`client.gemini.models`, or something alike."""

    dialect: ClassVar[Literal["gemini"]]

    def generate_content(
        self, **params: Unpack[GeminiGenerateContentParams]
    ) -> Awaitable[GeminiGenerateContentResponse]:
        """A whole answer."""
        ...

    def generate_content_stream(
        self, **params: Unpack[GeminiGenerateContentParams]
    ) -> EventStream[GeminiChunk, GeminiGenerateContentResponse]:
        """A streamed answer."""
        ...


Callables = Sequence[Callable[..., Any]]


@overload
def run_tools(
    resource: ChatResource,
    callables: Callables = (),
    /,
    *,
    max_turns: int = 10,
    tool_timeout: float | None = None,
    clock: Clock | None = None,
    **params: Unpack[ChatCompletionParams],
) -> ToolRunner[ChatCompletionChunk, ChatCompletionResponse]: ...


@overload
def run_tools(
    resource: ResponsesResource,
    callables: Callables = (),
    /,
    *,
    max_turns: int = 10,
    tool_timeout: float | None = None,
    clock: Clock | None = None,
    **params: Unpack[ResponseParams],
) -> ToolRunner[ResponseStreamEvent, ResponseObject]: ...


@overload
def run_tools(
    resource: MessagesResource,
    callables: Callables = (),
    /,
    *,
    max_turns: int = 10,
    tool_timeout: float | None = None,
    clock: Clock | None = None,
    **params: Unpack[ClaudeMessageParams],
) -> ToolRunner[MessageStreamEvent, ClaudeMessageResponse]: ...


@overload
def run_tools(
    resource: GeminiResource,
    callables: Callables = (),
    /,
    *,
    max_turns: int = 10,
    tool_timeout: float | None = None,
    clock: Clock | None = None,
    **params: Unpack[GeminiGenerateContentParams],
) -> ToolRunner[GeminiChunk, GeminiGenerateContentResponse]: ...


def run_tools(
    resource: Any,
    callables: Callables = (),
    /,
    *,
    max_turns: int = 10,
    tool_timeout: float | None = None,
    clock: Clock | None = None,
    **params: Any,
) -> ToolRunner[Any, Any]:
    """A run of a model that may call your functions; nothing is sent before it is awaited or iterated.

    Calls of one answer run at the same time. What a function raises, arguments that do not fit and unknown names go
    back to the model as error results. A forced `tool_choice` holds for the first turn only.

    Args:
        resource: `client.openai.chat.completions`, `client.openai.responses`, `client.claude.messages`,
            `client.gemini.models`, or the chat completions of another provider.
        callables: What `@tool` made, or plain functions, which are read as `tool` does.
        max_turns: Answers of the model, >= 1; each is paid for.
        tool_timeout: Seconds that a call may take, > 0, unless its tool says otherwise. Default: no limit.
        clock: Where time comes from; for tests.
        **params: As for the resource's `create` (`generate_content`); sent with every turn. `tools` may hold tools
            that the provider runs itself, in its own form.

    Raises:
        ParameterError: The functions, or parameters, cannot be used; nothing was sent.
    """
    dialect = DIALECTS.get(getattr(resource, "dialect", ""))
    if dialect is None:
        raise InvalidParameter(
            "resource",
            f"must be one with a dialect, got {type(resource).__name__}",
            where=WHERE,
            hint="as client.openai.chat.completions or client.claude.messages",
        )
    if dialect.history not in params:
        raise MissingParameter(WHERE, [dialect.history])
    if max_turns < 1:
        raise InvalidParameter("max_turns", f"must be >= 1, got {max_turns!r}", where=WHERE)
    if tool_timeout is not None and not tool_timeout > 0:
        raise InvalidParameter("tool_timeout", f"must be > 0 seconds, got {tool_timeout!r}", where=WHERE)
    dialect.check(params)
    given: Sequence[Any] = params.get("tools") or ()
    tools = _tools([*callables, *(entry for entry in given if callable(entry))])
    declared = [*(entry for entry in given if not callable(entry)), *dialect.declare(tools)]
    if declared:
        params["tools"] = declared
    limits = Limits(max_turns, tool_timeout, clock or Clock())
    return ToolRunner(resource, dialect, tools, params, limits)


def _tools(callables: Callables) -> list[AnyTool]:
    tools = [as_tool(entry) for entry in callables]
    names = [tool.name for tool in tools]
    for name in names:
        if names.count(name) > 1:
            raise InvalidParameter(
                "callables", f"two of them are called {name!r}", where=WHERE, hint="@tool(name=…) gives another name"
            )
    return tools

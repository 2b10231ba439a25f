"""What the four dialects call a history, a function, a call and its result."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from tikhub_async._streams import EventStream
from tikhub_async._wire import codec
from tikhub_async._wire.finish_reason import finish_reason
from tikhub_async._wire.schema import CLAUDE, GEMINI, OPENAI, Json
from tikhub_async.errors import InvalidParameter
from tikhub_async.tools._function import AnyTool
from tikhub_async.types._base import is_object
from tikhub_async.types.chat import ChatCompletionChoice, ChatCompletionResponse
from tikhub_async.types.claude import ClaudeMessageResponse
from tikhub_async.types.gemini import GeminiCandidate, GeminiGenerateContentResponse
from tikhub_async.types.responses import ResponseObject

Params = dict[str, Any]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A function call in an answer."""

    id: str
    """"" where the dialect has none."""
    name: str
    arguments: str
    """JSON, as the model wrote it."""
    problem: str = ""
    """Why it must not be run."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a call."""

    call: Call
    text: str
    """The result as the model reads it, or what went wrong."""
    data: Any = None
    """The result as plain data."""
    error: Exception | None = None


class Dialect(ABC):
    """One adapter: pure functions between a provider's types and the run."""

    history: ClassVar[str]
    """The parameter that holds the turns."""

    def opening(self, given: Any) -> list[Any]:
        """The turns that the caller begins with."""
        return list(given)

    def check(self, params: Params) -> None:  # noqa: B027 - most have nothing to refuse
        """Refuse what cannot go with a run.

        Raises:
            InvalidParameter: There is such a parameter.
        """

    @abstractmethod
    def declare(self, tools: Sequence[AnyTool]) -> list[Any]:
        """Entries of the parameter `tools`."""

    def ask(self, resource: Any, params: Params) -> Awaitable[Any]:
        """One turn, whole."""
        answer: Awaitable[Any] = resource.create(**params)
        return answer

    def stream(self, resource: Any, params: Params) -> EventStream[Any, Any]:
        """One turn as a stream."""
        stream: EventStream[Any, Any] = resource.stream(**params)
        return stream

    @abstractmethod
    def calls(self, response: Any) -> list[Call]:
        """The calls in an answer."""

    @abstractmethod
    def was_cut(self, response: Any) -> bool:
        """Whether the token limit ended the answer, perhaps inside a call."""

    def goes_on(self, response: Any) -> bool:
        """Whether an answer without calls wants to be sent back as it is."""
        return False

    @abstractmethod
    def reply(self, response: Any) -> list[Any]:
        """An answer as turns of the history, signatures kept."""

    @abstractmethod
    def results(self, results: Sequence[Result]) -> list[Any]:
        """Results as turns of the history."""

    def usage(self, response: Any) -> Any:
        """The usage of an answer, None where unknown."""
        return response.usage

    @abstractmethod
    def relax(self, params: Params) -> Params:
        """The parameters without a forced call: after one it would be forced for ever."""


class ChatDialect(Dialect):
    """Chat completions: a tool message for each call."""

    history = "messages"

    def declare(self, tools: Sequence[AnyTool]) -> list[Any]:
        return [{"type": "function", "function": _openai_function(tool)} for tool in tools]

    def calls(self, response: ChatCompletionResponse) -> list[Call]:
        return [
            Call(
                id=call.id,
                name=call.name,
                arguments=call.arguments,
                problem="" if call.function is not None else "it is no function",
            )
            for call in _choice(response).message.tool_calls
        ]

    def was_cut(self, response: ChatCompletionResponse) -> bool:
        return finish_reason(_choice(response).finish_reason) == "length"

    def reply(self, response: ChatCompletionResponse) -> list[Any]:
        return [_choice(response).message.to_param()]

    def results(self, results: Sequence[Result]) -> list[Any]:
        return [{"role": "tool", "tool_call_id": result.call.id, "content": _told(result)} for result in results]

    def relax(self, params: Params) -> Params:
        return _without_forced_choice(params)


class ResponsesDialect(Dialect):
    """Responses: all items go back, then an output item for each call."""

    history = "input"

    def opening(self, given: Any) -> list[Any]:
        return [{"role": "user", "content": given}] if isinstance(given, str) else list(given)

    def check(self, params: Params) -> None:
        if params.get("conversation") is not None:
            raise InvalidParameter(
                "conversation",
                "cannot go with run_tools, which sends the whole history each time",
                hint="leave it out, or begin from previous_response_id",
            )

    def declare(self, tools: Sequence[AnyTool]) -> list[Any]:
        # Absent, `strict` means true here, for schemas that need not be.
        return [{"type": "function", "strict": tool.strict, **_openai_function(tool)} for tool in tools]

    def calls(self, response: ResponseObject) -> list[Call]:
        return [
            Call(
                id=call.call_id,
                name=call.name,
                arguments=call.arguments,
                problem="it is incomplete" if call.status == "incomplete" else "",
            )
            for call in response.function_calls
        ]

    def was_cut(self, response: ResponseObject) -> bool:
        details = response.incomplete_details
        return details is not None and finish_reason(details.reason) == "length"

    def reply(self, response: ResponseObject) -> list[Any]:
        return list(response.to_input())

    def results(self, results: Sequence[Result]) -> list[Any]:
        return [
            {"type": "function_call_output", "call_id": result.call.id, "output": _told(result)} for result in results
        ]

    def relax(self, params: Params) -> Params:
        return _without_forced_choice(params)


class MessagesDialect(Dialect):
    """Claude: all results in one user turn, errors marked."""

    history = "messages"

    def declare(self, tools: Sequence[AnyTool]) -> list[Any]:
        return [
            {
                "name": tool.name,
                **_described(tool),
                "input_schema": tool.schema(CLAUDE) if tool.strict else tool.parameters,
                **({"strict": True} if tool.strict else {}),
            }
            for tool in tools
        ]

    def calls(self, response: ClaudeMessageResponse) -> list[Call]:
        return [
            Call(
                id=block.id,
                name=block.name,
                arguments=codec.encode(block.input).decode(),
                problem="" if block.input_json is None else f"its arguments are no JSON object: {block.input_json}",
            )
            for block in response.tool_uses
        ]

    def was_cut(self, response: ClaudeMessageResponse) -> bool:
        return finish_reason(response.stop_reason) == "length"

    def goes_on(self, response: ClaudeMessageResponse) -> bool:
        return finish_reason(response.stop_reason) == "pause"

    def reply(self, response: ClaudeMessageResponse) -> list[Any]:
        return [response.to_param()] if response.content else []

    def results(self, results: Sequence[Result]) -> list[Any]:
        blocks = [
            {
                "type": "tool_result",
                "tool_use_id": result.call.id,
                "content": result.text,
                **({"is_error": True} if result.error is not None else {}),
            }
            for result in results
        ]
        return [{"role": "user", "content": blocks}]

    def relax(self, params: Params) -> Params:
        choice = params.get("tool_choice")
        if not is_object(choice) or choice.get("type") not in ("any", "tool"):
            return params
        kept = {key: value for key, value in choice.items() if key == "disable_parallel_tool_use"}
        return {**params, "tool_choice": {"type": "auto", **kept}}


class GeminiDialect(Dialect):
    """Gemini: all results in one user turn, as objects."""

    history = "contents"

    def opening(self, given: Any) -> list[Any]:
        return [{"role": "user", "parts": [{"text": given}]}] if isinstance(given, str) else list(given)

    def declare(self, tools: Sequence[AnyTool]) -> list[Any]:
        declarations = [
            {
                "name": tool.name,
                **_described(tool),
                # A function without parameters has none here: an object without properties is refused.
                **({"parameters_json_schema": tool.schema(GEMINI)} if tool.parameters["properties"] else {}),
            }
            for tool in tools
        ]
        return [{"function_declarations": declarations}] if declarations else []

    def ask(self, resource: Any, params: Params) -> Awaitable[Any]:
        answer: Awaitable[Any] = resource.generate_content(**params)
        return answer

    def stream(self, resource: Any, params: Params) -> EventStream[Any, Any]:
        stream: EventStream[Any, Any] = resource.generate_content_stream(**params)
        return stream

    def calls(self, response: GeminiGenerateContentResponse) -> list[Call]:
        return [
            Call(
                id=call.id or "",
                name=call.name,
                arguments=codec.encode(call.args).decode(),
                problem="its arguments were cut" if call.will_continue else "",
            )
            for call in response.function_calls
        ]

    def was_cut(self, response: GeminiGenerateContentResponse) -> bool:
        return finish_reason(_candidate(response).finish_reason) == "length"

    def reply(self, response: GeminiGenerateContentResponse) -> list[Any]:
        return [response.to_param()] if response.parts else []

    def results(self, results: Sequence[Result]) -> list[Any]:
        parts: list[Json] = []
        for result in results:
            told = {"output": result.data} if result.error is None else {"error": result.text}
            answer: Json = {"name": result.call.name, "response": told}
            if result.call.id:
                answer["id"] = result.call.id
            parts.append({"function_response": answer})
        return [{"role": "user", "parts": parts}]

    def usage(self, response: GeminiGenerateContentResponse) -> Any:
        return response.usage_metadata

    def relax(self, params: Params) -> Params:
        relaxed = dict(params)
        for key, inner in (("tool_config", "function_calling_config"), ("toolConfig", "functionCallingConfig")):
            config = params.get(key)
            calling = config.get(inner) if is_object(config) else None
            if is_object(config) and is_object(calling) and calling.get("mode") == "ANY":
                relaxed[key] = {**config, inner: {"mode": "AUTO"}}
        return relaxed


DIALECTS: Mapping[str, Dialect] = {
    "chat": ChatDialect(),
    "responses": ResponsesDialect(),
    "messages": MessagesDialect(),
    "gemini": GeminiDialect(),
}
"""`dialect` of a resource → its adapter."""


def _described(tool: AnyTool) -> Json:
    return {"description": tool.description} if tool.description else {}


def _openai_function(tool: AnyTool) -> Json:
    schema = tool.schema(OPENAI) if tool.strict else tool.parameters
    strict = {"strict": True} if tool.strict else {}
    return {"name": tool.name, **_described(tool), "parameters": schema, **strict}


def _told(result: Result) -> str:
    return result.text if result.error is None else f"Error: {result.text}"


def _without_forced_choice(params: Params) -> Params:
    choice = params.get("tool_choice", "auto")
    if choice in ("auto", "none"):
        return params
    if is_object(choice) and choice.get("type") == "allowed_tools":
        # Chat has the list one level deeper than Responses.
        inner = choice.get("allowed_tools")
        free = {"allowed_tools": {**inner, "mode": "auto"}} if is_object(inner) else {"mode": "auto"}
        return {**params, "tool_choice": {**choice, **free}}
    return {name: value for name, value in params.items() if name != "tool_choice"}


def _choice(response: ChatCompletionResponse) -> ChatCompletionChoice:
    """The first choice; a stream that brought none has an empty one."""
    return response.choices[0] if response.choices else ChatCompletionChoice()


def _candidate(response: GeminiGenerateContentResponse) -> GeminiCandidate:
    return next((candidate for candidate in response.candidates if candidate.index == 0), GeminiCandidate())

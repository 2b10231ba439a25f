"""`@tool` and `run_tools`: hints to schemas, calls to results, turns to an answer, in four dialects."""

import asyncio
import functools
import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from tikhub_async import TikHubAI
from tikhub_async._wire.schema import CLAUDE, OPENAI
from tikhub_async.errors import (
    BadRequestError,
    InvalidParameter,
    LengthError,
    MissingParameter,
    StreamInterrupted,
    TurnLimitReached,
)
from tikhub_async.testing import Emulator, Error, FakeClock, Reply, Truncate
from tikhub_async.tools import Tool, ToolCalled, ToolReturned, ToolRunner, TurnEnded, run_tools, tool
from tikhub_async.tools._dialects import DIALECTS
from tikhub_async.tools._docstrings import read_docstring
from tikhub_async.tools._usage import total
from tikhub_async.types.gemini import GeminiModalityTokens, GeminiUsage
from tikhub_async.types.usage import PromptTokensDetails, UsageInfo


@dataclass
class Place:
    city: str
    country: str = "NO"


@tool
async def weather(place: Place, unit: Literal["C", "F"] = "C", days: Annotated[int, Meta(ge=1)] = 1) -> dict[str, Any]:
    """The weather at a place.

    It may be
    wrong.

    Args:
        place: Where, as precisely
            as possible.
        unit (str): Of temperatures.

    Returns:
        Nothing that a model has to know.
    """
    return {"place": place.city, "unit": unit, "days": days}


@tool
def clock_time(zone: str = "UTC") -> str:
    """The time now."""
    return f"noon in {zone}"


@tool
def broken(reason: str) -> str:
    """Never works."""
    raise KeyError(reason)


# ── tools ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_hints_and_docstring_become_the_schema() -> None:
    assert weather.name == "weather"
    assert weather.description == "The weather at a place.\n\nIt may be wrong."
    assert weather.parameters == {
        "type": "object",
        "properties": {
            "place": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "country": {"type": "string"}},
                "required": ["city"],
                "description": "Where, as precisely as possible.",
            },
            "unit": {"type": "string", "enum": ["C", "F"], "description": 'Of temperatures. Default: "C".'},
            "days": {"type": "integer", "minimum": 1, "description": "Default: 1."},
        },
        "required": ["place"],
    }


def test_strict_schemas_follow_the_providers_rules() -> None:
    strict = weather.schema(OPENAI)
    assert strict["required"] == ["place", "unit", "days"]
    assert strict["properties"]["days"]["anyOf"][1] == {"type": "null"}
    assert weather.schema(CLAUDE)["additionalProperties"] is False


async def test_a_tool_is_still_the_function() -> None:
    assert await weather(Place("Oslo"), days=2) == {"place": "Oslo", "unit": "C", "days": 2}
    assert clock_time("CET") == "noon in CET"
    assert clock_time.__doc__ == "The time now."
    assert clock_time.__name__ == "clock_time"
    assert repr(weather) == "<Tool weather(place, unit, days)>"


async def test_arguments_are_decoded_into_the_hints() -> None:
    assert await weather.run('{"place": {"city": "Oslo"}, "unit": null, "days": 2.0}') == {
        "place": "Oslo",
        "unit": "C",
        "days": 2,
    }
    assert await clock_time.run("") == "noon in UTC"


@pytest.mark.parametrize(
    ("arguments", "path", "rule"),
    [
        ("{", "arguments", "not JSON"),
        ("{}", "arguments", "missing required field `place`"),
        ('{"place": {"city": 3}}', "place.city", "Expected `str`, got `int`"),
        ('{"place": {"city": "Oslo"}, "days": 0}', "days", ">= 1"),
    ],
)
async def test_arguments_that_do_not_fit_are_refused_with_their_path(arguments: str, path: str, rule: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        await weather.run(arguments)
    assert caught.value.path == path
    assert rule in caught.value.rule


def test_options_replace_what_the_function_says() -> None:
    @tool(name="look-up", description="Finds things.", strict=True, timeout=2)
    def find(text: str) -> str:
        """Not told."""
        return text

    assert (find.name, find.description, find.strict, find.timeout) == ("look-up", "Finds things.", True, 2)


async def test_a_function_that_is_not_async_runs_in_a_thread() -> None:
    here = threading.get_ident()
    assert await Tool(lambda: threading.get_ident(), name="where").run("{}") != here

    async def there() -> int:
        return threading.get_ident()

    assert await tool(there).run("{}") == here
    assert await Tool(lambda: there(), name="awaited").run("{}") == here


async def test_methods_partials_and_callable_objects_are_tools() -> None:
    class Adder:
        """Adds."""

        def __init__(self, to: int) -> None:
            self.to = to

        def add(self, number: int) -> int:
            """Add a number."""
            return self.to + number

        async def __call__(self, number: int) -> int:
            return self.to + number

    def power(base: int, exponent: int, /, plus: int = 0) -> int:
        """A power."""
        return int(base**exponent) + plus

    assert await tool(Adder(2).add).run('{"number": 3}') == 5
    assert await Tool(Adder(2), name="adder").run('{"number": 3}') == 5
    squared = tool(functools.partial(power, plus=1))
    assert (squared.name, squared.description) == ("power", "A power.")
    assert await squared.run('{"base": 3, "exponent": 2}') == 10


def test_what_no_model_can_be_told_is_refused() -> None:
    def many(*values: int) -> None: ...
    def method(self: Any, value: int) -> None: ...
    def odd(value: complex) -> None: ...
    def unreadable(value: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    for function, path in ((many, r"many\(\*values: int\)"), (method, "is a method"), (odd, r"odd\.value")):
        with pytest.raises(InvalidParameter, match=path):
            tool(function)
    with pytest.raises(InvalidParameter, match="'Nowhere' is not defined"):
        tool(unreadable)
    with pytest.raises(InvalidParameter, match="letters, digits"):
        Tool(lambda: None)


@pytest.mark.parametrize(
    ("text", "description", "entries"),
    [
        (None, "", {}),
        ("One line.", "One line.", {}),
        ("First.\n\n    Second\n    line.\n", "First.\n\nSecond line.", {}),
        ("Do.\n\nArgs:\n    a: One.\n    *b (int, optional): Two\n        goes on.\n\n    c: Three: more.\n",
         "Do.", {"a": "One.", "b": "Two goes on.", "c": "Three: more."}),
        ("Do.\n\nRaises:\n    ValueError: Never.\n\nArgs:\n  a: One.\nReturns:\n  b: no.\n", "Do.", {"a": "One."}),
        ("Note: this is text.\n", "Note: this is text.", {}),
    ],
)  # fmt: skip
def test_docstrings_are_read_as_google_writes_them(text: str | None, description: str, entries: dict[str, str]) -> None:
    assert read_docstring(text) == (description, entries)


# ── usage ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_usage_adds_up_and_unknown_stays_unknown() -> None:
    one = UsageInfo(prompt_tokens=5, completion_tokens=1, prompt_tokens_details=PromptTokensDetails(cached_tokens=2))
    two = UsageInfo(prompt_tokens=7, prompt_tokens_details=PromptTokensDetails(cached_tokens=3, text_tokens=1))
    assert total([one, two]) == UsageInfo(prompt_tokens=12, prompt_tokens_details=PromptTokensDetails(cached_tokens=5))
    assert total([one]) is one
    assert total([]) is None
    assert total([one, None]) is None


def test_usage_by_modality_adds_up_by_modality() -> None:
    def usage(**counts: int) -> GeminiUsage:
        details = [GeminiModalityTokens(modality=name, token_count=count) for name, count in counts.items()]
        return GeminiUsage(prompt_tokens_details=details, service_tier="flex")

    summed = total([usage(TEXT=1, IMAGE=2), usage(TEXT=3)])
    assert summed == usage(TEXT=4, IMAGE=2)


# ── runs ────────────────────────────────────────────────────────────────────────────────────────────────────────

ASK = "[[tool]] What is it like outside?"
Functions = list[Callable[..., Any]]
Run = Callable[..., ToolRunner[Any, Any]]


def chat(client: TikHubAI, functions: Functions, **more: Any) -> ToolRunner[Any, Any]:
    turns: Any = more.pop("messages", [{"role": "user", "content": ASK}])
    return run_tools(client.openai.chat.completions, functions, model="gpt-5", messages=turns, **more)


def claude_chat(client: TikHubAI, functions: Functions, **more: Any) -> ToolRunner[Any, Any]:
    turns: Any = more.pop("messages", [{"role": "user", "content": ASK}])
    return run_tools(client.claude.chat.completions, functions, model="claude-sonnet-4-5", messages=turns, **more)


def responses(client: TikHubAI, functions: Functions, **more: Any) -> ToolRunner[Any, Any]:
    turns: Any = more.pop("messages", ASK)
    return run_tools(client.openai.responses, functions, model="gpt-5", input=turns, **more)


def messages(client: TikHubAI, functions: Functions, **more: Any) -> ToolRunner[Any, Any]:
    turns: Any = more.pop("messages", [{"role": "user", "content": ASK}])
    return run_tools(
        client.claude.messages, functions, model="claude-sonnet-4-5", max_tokens=5000, messages=turns, **more
    )


def gemini(client: TikHubAI, functions: Functions, **more: Any) -> ToolRunner[Any, Any]:
    turns: Any = more.pop("messages", ASK)
    return run_tools(client.gemini.models, functions, model="gemini-2.5-flash", contents=turns, **more)


RUNS: dict[str, Run] = {
    "chat": chat, "claude chat": claude_chat, "responses": responses, "messages": messages, "gemini": gemini,
}  # fmt: skip
every_dialect = pytest.mark.parametrize("name", RUNS)


@every_dialect
async def test_a_run_ends_with_the_answer_after_all_calls(client: TikHubAI, gw: Emulator, name: str) -> None:
    run = RUNS[name](client, [weather, clock_time])
    final: Any = await run.final()
    assert "noon in zone" in final.text
    assert final.request_id
    assert run.response is final
    assert run.turns == len(gw.requests) == 2
    counts = [value for value in msgspec.structs.astuple(run.usage) if isinstance(value, int)]
    assert max(counts) > 0
    assert await run.final() is final


@every_dialect
async def test_a_streamed_run_gives_the_providers_events_and_its_own(client: TikHubAI, name: str) -> None:
    run = RUNS[name](client, [weather, clock_time])
    events = [event async for event in run]
    ours = [event for event in events if isinstance(event, ToolCalled | ToolReturned | TurnEnded)]
    assert len(events) - len(ours) > 5
    assert [type(event).__name__ for event in ours] == [
        "TurnEnded", "ToolCalled", "ToolCalled", "ToolReturned", "ToolReturned", "TurnEnded",
    ]  # fmt: skip
    called, returned = ours[2], ours[4]
    assert isinstance(called, ToolCalled)
    assert isinstance(returned, ToolReturned)
    assert (called.turn, called.name, called.arguments) == (1, "clock_time", '{"zone":"zone"}')
    assert (returned.turn, returned.id, returned.output, returned.error) == (1, called.id, "noon in zone", None)
    assert isinstance(ours[-1], TurnEnded)
    assert ours[-1].response is await run.final()


@every_dialect
async def test_whole_and_streamed_runs_leave_the_same_history(client: TikHubAI, name: str) -> None:
    def shape(turns: Any) -> Any:
        """The history without ids, and with `""` for a null text."""
        if isinstance(turns, dict):
            return {key: shape(value) for key, value in turns.items() if "id" not in key and key != "logprobs"}
        return [shape(turn) for turn in turns] if isinstance(turns, list) else turns or ""

    whole, streamed = RUNS[name](client, [weather]), RUNS[name](client, [weather])
    await whole.final()
    async for _ in streamed:
        pass
    assert shape(streamed.messages) == shape(whole.messages)
    assert streamed.usage is not None


@every_dialect
async def test_the_history_goes_on(client: TikHubAI, gw: Emulator, name: str) -> None:
    first = RUNS[name](client, [clock_time])
    await first.final()
    again: Any = (
        {"role": "user", "parts": [{"text": "Bye"}]} if name == "gemini" else {"role": "user", "content": "Bye"}
    )
    second = RUNS[name](client, [clock_time], messages=[*first.messages, again])
    assert "Bye" in (await second.final()).text
    assert len(second.messages) == len(first.messages) + 2
    assert len(gw.requests) == 3


@every_dialect
async def test_failures_go_back_to_the_model(client: TikHubAI, name: str) -> None:
    run = RUNS[name](client, [broken])
    returned = [event async for event in run if isinstance(event, ToolReturned)]
    assert isinstance(returned[0].error, KeyError)
    assert returned[0].output == "KeyError: 'reason'"
    assert "KeyError: 'reason'" in (await run.final()).text
    result = run.messages[-2]
    if name == "messages":
        assert result["content"][0]["is_error"] is True
    elif name == "gemini":
        assert result["parts"][0]["function_response"]["response"] == {"error": "KeyError: 'reason'"}
    else:
        assert result.get("content", result.get("output")) == "Error: KeyError: 'reason'"


def chat_calls(*calls: tuple[str, str], end: str = "tool_calls", **more: Any) -> Reply:
    made = [
        {"id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for at, (name, arguments) in enumerate(calls)
    ]
    choice = {"message": {"content": None, "tool_calls": made}, "finish_reason": end}
    return Reply(json={"choices": [choice], "usage": {"prompt_tokens": 5}, **more})


async def test_unknown_names_and_wrong_arguments_go_back_to_the_model(client: TikHubAI, gw: Emulator) -> None:
    gw.script("chat.completions", chat_calls(("wether", "{}"), ("clock_time", '{"zone": 3}'), ("clock_time", "")))
    run = chat(client, [clock_time])
    await run.final()
    assert [turn["content"] for turn in run.messages[2:5]] == [
        "Error: wether: there is no such function; there are clock_time",
        "Error: zone: Expected `str`, got `int`",
        "noon in UTC",
    ]


async def test_calls_of_one_answer_run_at_the_same_time(client: TikHubAI, gw: Emulator) -> None:
    both = asyncio.Barrier(2)

    @tool
    async def meet() -> str:
        """Waits for the other one."""
        await both.wait()
        return "met"

    gw.script("chat.completions", chat_calls(("meet", ""), ("meet", "")))
    run = chat(client, [meet])
    await run.final()
    assert [turn["content"] for turn in run.messages[2:4]] == ["met", "met"]


async def test_a_call_has_its_time(client: TikHubAI, gw: Emulator, clock: FakeClock) -> None:
    begun = asyncio.Event()

    @tool(timeout=5)
    async def slow() -> None:
        """Never ends."""
        begun.set()
        await asyncio.Event().wait()

    gw.script("chat.completions", chat_calls(("slow", "")))
    run = chat(client, [slow, clock_time], tool_timeout=60, clock=clock)
    task = asyncio.create_task(run.final())
    await begun.wait()
    await clock.advance(5)
    await task
    assert run.messages[2]["content"] == "Error: TimeoutError: slow took longer than 5 s"


async def test_a_function_that_cancels_itself_is_a_failure_like_any(client: TikHubAI, gw: Emulator) -> None:
    @tool
    async def gives_up() -> None:
        """Cancels itself."""
        raise asyncio.CancelledError

    gw.script("chat.completions", chat_calls(("gives_up", "")))
    run = chat(client, [gives_up])
    await run.final()
    assert run.messages[2]["content"] == "Error: RuntimeError: gives_up was cancelled"


async def test_cancellation_passes_through_and_leaves_a_whole_history(client: TikHubAI, gw: Emulator) -> None:
    begun, cleaned = asyncio.Event(), asyncio.Event()

    @tool
    async def slow() -> None:
        """Never ends."""
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    gw.script("chat.completions", chat_calls(("slow", ""), ("clock_time", "")))
    run = chat(client, [slow, clock_time])
    task = asyncio.create_task(run.final())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned.is_set()
    assert [turn["role"] for turn in run.messages] == ["user"]
    with pytest.raises(StreamInterrupted, match="the run was cancelled, after 1 turns"):
        await run.final()


async def test_what_must_end_the_program_comes_out_bare(client: TikHubAI, gw: Emulator) -> None:
    class Halt(BaseException):
        pass

    @tool
    async def halts() -> None:
        """Ends the program."""
        raise Halt

    gw.script("chat.completions", chat_calls(("halts", ""), ("clock_time", "")))
    with pytest.raises(Halt):
        await chat(client, [halts, clock_time]).final()


async def test_a_result_without_a_json_form_is_a_failure(client: TikHubAI, gw: Emulator) -> None:
    @tool
    def odd() -> object:
        """Gives an object."""
        return object()

    gw.script("chat.completions", chat_calls(("odd", "")))
    run = chat(client, [odd])
    await run.final()
    assert "Encoding objects of type object is unsupported" in run.messages[2]["content"]


async def test_too_many_turns_end_with_everything_so_far(client: TikHubAI, gw: Emulator) -> None:
    gw.script("chat.completions", *[chat_calls(("clock_time", ""))] * 3)
    run = chat(client, [clock_time], max_turns=3)
    with pytest.raises(TurnLimitReached) as caught:
        await run.final()
    error = caught.value
    assert error.turns == run.turns == len(gw.requests) == 3
    assert error.usage == run.usage == UsageInfo(prompt_tokens=15)
    assert error.response is run.response
    assert [turn["role"] for turn in error.messages] == ["user", *["assistant", "tool"] * 3]
    assert pickle.loads(pickle.dumps(error)).messages == error.messages
    with pytest.raises(TurnLimitReached):
        await run.final()
    assert "That is all I know" in (await chat(client, [clock_time], messages=error.messages).final()).text


async def test_an_unknown_usage_makes_the_sum_unknown(client: TikHubAI, gw: Emulator) -> None:
    gw.script("chat.completions", chat_calls(("clock_time", ""), usage=None))
    run = chat(client, [clock_time])
    await run.final()
    assert run.usage is None


CUT: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": (
        "chat.completions",
        {
            "choices": [
                {
                    "finish_reason": "length",
                    "message": {"tool_calls": [{"id": "c", "function": {"name": "clock_time", "arguments": '{"zo'}}]},
                }
            ]
        },
    ),
    "responses": (
        "responses",
        {
            "status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"},
            "output": [{"type": "function_call", "call_id": "c", "name": "clock_time", "arguments": '{"zo'}],
        },
    ),
    "messages": (
        "messages",
        {"stop_reason": "max_tokens", "content": [{"type": "tool_use", "id": "t", "name": "clock_time", "input": {}}]},
    ),
    "gemini": (
        "gemini.generate_content",
        {
            "candidates": [
                {"finishReason": "MAX_TOKENS", "content": {"parts": [{"functionCall": {"name": "clock_time"}}]}}
            ]
        },
    ),
}


@pytest.mark.parametrize("name", CUT)
async def test_a_cut_answer_runs_nothing(client: TikHubAI, gw: Emulator, name: str) -> None:
    route, body = CUT[name]
    gw.script(route, Reply(json=body))
    run = RUNS[name](client, [clock_time])
    with pytest.raises(LengthError, match="inside its calls of clock_time; none was run") as caught:
        await run.final()
    assert caught.value.response is run.response
    assert len(run.messages) == 1


async def test_calls_that_must_not_run_are_told_so(client: TikHubAI, gw: Emulator) -> None:
    call = {"id": "c1", "type": "custom", "custom": {"name": "clock_time", "input": "now"}}
    gw.script("chat.completions", Reply(json={"choices": [{"message": {"tool_calls": [call]}}]}))
    run = chat(client, [clock_time])
    await run.final()
    assert run.messages[2]["content"] == "Error: clock_time: cannot be run: it is no function"


async def test_claude_goes_on_after_a_pause(client: TikHubAI, gw: Emulator) -> None:
    searched = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "x"}}
    gw.script("messages", Reply(json={"content": [searched], "stop_reason": "pause_turn"}))
    run = messages(client, [])
    await run.final()
    assert run.turns == 2
    assert gw.requests[1].json["messages"][1] == {"role": "assistant", "content": [searched]}


async def test_claudes_signatures_go_back_unchanged(client: TikHubAI, gw: Emulator) -> None:
    blocks = [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZGF0YQ=="},
        {"type": "tool_use", "id": "t1", "name": "clock_time", "input": {"zone": "CET"}, "future": {"a": 1}},
    ]
    gw.script("messages", Reply(json={"content": blocks, "stop_reason": "tool_use"}))
    run = messages(client, [clock_time])
    await run.final()
    sent = gw.requests[1].json["messages"]
    assert sent[1] == {"role": "assistant", "content": blocks}
    assert sent[2] == {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "noon in CET"}],
    }


async def test_geminis_signatures_go_back_unchanged(client: TikHubAI, gw: Emulator) -> None:
    parts = [
        {"text": "Hm.", "thought": True},
        {"functionCall": {"id": "f1", "name": "clock_time", "args": {"zone": "CET"}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "clock_time", "args": {}}},
        {"text": "", "thoughtSignature": "ZW5k"},
    ]
    gw.script("gemini.generate_content", Reply(json={"candidates": [{"content": {"parts": parts}}]}))
    run = gemini(client, [clock_time])
    await run.final()
    sent = gw.requests[1].json["contents"]
    assert sent[1] == {"role": "model", "parts": parts}
    assert sent[2]["parts"] == [
        {"functionResponse": {"name": "clock_time", "response": {"output": "noon in CET"}, "id": "f1"}},
        {"functionResponse": {"name": "clock_time", "response": {"output": "noon in UTC"}}},
    ]


async def test_responses_send_back_every_item(client: TikHubAI, gw: Emulator) -> None:
    items = [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2ln"},
        {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "clock_time", "arguments": "{}"},
    ]
    gw.script("responses", Reply(json={"status": "completed", "output": items}))
    run = responses(client, [clock_time])
    await run.final()
    assert gw.requests[1].json["input"] == [
        {"role": "user", "content": ASK},
        *items,
        {"type": "function_call_output", "call_id": "call_1", "output": "noon in UTC"},
    ]


# ── what is asked ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "forced", "relaxed"),
    [
        ("chat", "required", None),
        ("chat", "auto", "auto"),
        ("chat", "none", "none"),
        ("chat", {"type": "function", "function": {"name": "clock_time"}}, None),
        ("chat", {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": []}},
         {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}),
        ("responses", {"type": "function", "name": "clock_time"}, None),
        ("responses", {"type": "allowed_tools", "mode": "required", "tools": []},
         {"type": "allowed_tools", "mode": "auto", "tools": []}),
        ("messages", {"type": "any", "disable_parallel_tool_use": True},
         {"type": "auto", "disable_parallel_tool_use": True}),
        ("messages", {"type": "tool", "name": "clock_time"}, {"type": "auto"}),
        ("messages", {"type": "none"}, {"type": "none"}),
        ("gemini", {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["clock_time"]}},
         {"function_calling_config": {"mode": "AUTO"}}),
        ("gemini", {"function_calling_config": {"mode": "VALIDATED"}},
         {"function_calling_config": {"mode": "VALIDATED"}}),
    ],
)  # fmt: skip
def test_a_forced_call_is_forced_once(name: str, forced: Any, relaxed: Any) -> None:
    key = "tool_config" if name == "gemini" else "tool_choice"
    params = {"model": "x", key: forced}
    assert DIALECTS[name].relax(params) == {"model": "x", **({} if relaxed is None else {key: relaxed})}
    assert params[key] is forced


@pytest.mark.parametrize(
    ("name", "forced"),
    [
        ("chat", {"tool_choice": "required"}),
        ("responses", {"tool_choice": "required"}),
        ("messages", {"tool_choice": {"type": "any"}}),
        ("gemini", {"tool_config": {"function_calling_config": {"mode": "ANY"}}}),
    ],
)
async def test_a_run_with_a_forced_call_ends(client: TikHubAI, gw: Emulator, name: str, forced: dict[str, Any]) -> None:
    await RUNS[name](client, [clock_time], **forced).final()
    assert len(gw.requests) == 2


async def test_tools_of_the_provider_stay_in_their_own_form(client: TikHubAI, gw: Emulator) -> None:
    await responses(client, [clock_time], tools=[{"type": "web_search"}]).final()
    await gemini(client, [clock_time], tools=[{"google_search": {}}]).final()
    await messages(client, [], tools=[{"type": "web_search_20250305", "name": "web_search"}, clock_time]).final()
    first = [request.json["tools"] for request in gw.requests if "tools" in request.json]
    assert first[0][0] == {"type": "web_search"}
    assert first[0][1] == {
        "type": "function", "strict": False, "name": "clock_time", "description": "The time now.",
        "parameters": clock_time.parameters,
    }  # fmt: skip
    assert first[2][0] == {"googleSearch": {}}
    assert first[2][1]["functionDeclarations"][0]["parametersJsonSchema"] == clock_time.parameters
    assert first[4][0]["type"] == "web_search_20250305"
    assert first[4][1]["input_schema"] == clock_time.parameters


async def test_strict_tools_are_declared_so(client: TikHubAI, gw: Emulator) -> None:
    @tool(strict=True)
    async def strict_weather(place: Place, days: int = 1) -> str:
        """The weather."""
        return f"{place.city} {days}"

    await chat(client, [strict_weather]).final()
    await messages(client, [strict_weather]).final()
    function = gw.requests[0].json["tools"][0]["function"]
    assert (function["strict"], function["parameters"]) == (True, strict_weather.schema(OPENAI))
    declared = gw.requests[2].json["tools"][0]
    assert (declared["strict"], declared["input_schema"]) == (True, strict_weather.schema(CLAUDE))


async def test_a_function_without_parameters_has_none_for_gemini(client: TikHubAI, gw: Emulator) -> None:
    @tool
    def dice() -> int:
        """Throws a die."""
        return 4

    await gemini(client, [dice]).final()
    assert gw.requests[0].json["tools"] == [
        {"functionDeclarations": [{"name": "dice", "description": "Throws a die."}]}
    ]


async def test_plain_functions_are_tools(client: TikHubAI) -> None:
    def dice() -> int:
        """Throws a die."""
        return 4

    assert "4" in (await chat(client, [dice]).final()).text


async def test_nothing_is_sent_before_it_is_awaited(client: TikHubAI, gw: Emulator) -> None:
    run = chat(client, [clock_time])
    await run.aclose()
    assert not gw.requests
    with pytest.raises(StreamInterrupted, match="closed before its end"):
        await run.final()


async def test_what_cannot_be_run_is_refused_at_once(client: TikHubAI) -> None:
    untyped: Any = run_tools
    with pytest.raises(MissingParameter, match="messages"):
        untyped(client.openai.chat.completions, [clock_time], model="gpt-5")
    with pytest.raises(InvalidParameter, match="max_turns: must be >= 1"):
        chat(client, [], max_turns=0)
    with pytest.raises(InvalidParameter, match="tool_timeout"):
        chat(client, [], tool_timeout=0)
    with pytest.raises(InvalidParameter, match="two of them are called 'clock_time'"):
        chat(client, [clock_time, clock_time])
    with pytest.raises(InvalidParameter, match="must be one with a dialect, got Embeddings"):
        untyped(client.openai.embeddings, [], model="x", messages=[])
    with pytest.raises(InvalidParameter, match="conversation"):
        responses(client, [], conversation="conv_1")


# ── ends ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_leaving_early_gives_the_connection_back(client: TikHubAI, gw: Emulator) -> None:
    async with chat(client, [clock_time]) as run:
        async for _ in run:
            break
    with pytest.raises(StreamInterrupted, match="closed before its end"):
        await run.final()
    assert len(gw.requests) == 1


async def test_final_goes_on_where_iteration_stopped(client: TikHubAI, gw: Emulator) -> None:
    run = chat(client, [clock_time])
    async for event in run:
        if isinstance(event, ToolCalled):
            break
    assert "noon in zone" in (await run.final()).text
    assert len(gw.requests) == 2


async def test_a_refused_turn_is_the_runs_error(client: TikHubAI, gw: Emulator) -> None:
    gw.script("chat.completions", Error(status=400, code="bad", message="no"))
    run = chat(client, [clock_time])
    for _ in range(2):
        with pytest.raises(BadRequestError):
            await run.final()
    assert len(gw.requests) == 1


async def test_a_cut_stream_is_the_runs_error(client: TikHubAI, gw: Emulator) -> None:
    gw.script("chat.completions", Truncate(after_events=2, clean=True))
    run = chat(client, [clock_time])
    with pytest.raises(StreamInterrupted):
        async for _ in run:
            pass
    with pytest.raises(StreamInterrupted):
        await anext(run)
    assert len(run.messages) == 1

"""`ToolRunner`: ask, run what the model calls, send the results, until it answers."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from types import TracebackType
from typing import Any, Generic, NoReturn, Self, TypeVar, cast

import msgspec

from tikhub_async._clock import Clock
from tikhub_async._wire import codec
from tikhub_async.errors import (
    InvalidParameter,
    LengthError,
    StreamInterrupted,
    TikHubError,
    TurnLimitReached,
)
from tikhub_async.tools._dialects import Call, Dialect, Result
from tikhub_async.tools._function import AnyTool
from tikhub_async.tools._usage import total
from tikhub_async.types._base import Response

E = TypeVar("E")
R = TypeVar("R", bound=Response)

WHERE = "run_tools"


class ToolCalled(msgspec.Struct, frozen=True, kw_only=True):
    """The model calls a function, which runs now."""

    turn: int
    """Which answer of the model called it, from 1."""
    id: str
    """The call's id; "" where the provider gives none (Gemini)."""
    name: str
    arguments: str
    """JSON, as the model wrote it."""


class ToolReturned(msgspec.Struct, frozen=True, kw_only=True):
    """A call has ended; the model is told next."""

    turn: int
    id: str
    name: str
    output: str
    """The result as the model reads it: text, or JSON. With an error: its text."""
    error: Exception | None = None
    """What the function raised; or that the arguments did not fit, the name is unknown, the time was up."""
    seconds: float = 0.0


class TurnEnded(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """One answer of the model is whole."""

    turn: int
    response: R


class ToolRunner(Generic[E, R]):
    """A run of a model with functions; see `run_tools`.

    `await run.final()` runs it to its end, each turn as one whole answer. `async for event in run` streams instead:
    the provider's own events of every turn, and between them `TurnEnded`, `ToolCalled` and `ToolReturned`. After a
    `break` use `aclose()`, or `async with`; `final()` goes on from there otherwise.

    Attributes:
        messages: The history so far, the model's answers and all results included, as the next request's `messages`
            (`input`, `contents`) take it. Complete turns only, so that another run can go on from it at any time.
        response: The last whole answer; None before the first.
        turns: Whole answers so far.
    """

    def __init__(
        self, resource: Any, dialect: Dialect, tools: Sequence[AnyTool], params: dict[str, Any], limits: "Limits"
    ) -> None:
        self._resource = resource
        self._dialect = dialect
        self._tools = {tool.name: tool for tool in tools}
        self._params = params
        self._limits = limits
        self._usages: list[Any] = []
        self._events: AsyncGenerator[E | TurnEnded[R] | ToolCalled | ToolReturned, None] | None = None
        self._stream: Any = None
        """The open stream of the turn."""
        self._failure: TikHubError | None = None
        self._finished = False
        self.messages: list[Any] = dialect.opening(params[dialect.history])
        self.response: R | None = None
        self.turns = 0

    @property
    def usage(self) -> Any:
        """Usage of all turns, added up; None while there is none, or when one turn's is unknown.

        Its fields likewise: one that was missing in one turn is None.
        """
        return total(self._usages)

    async def final(self) -> R:
        """The answer that calls no more functions, after all turns that it takes.

        Raises:
            TurnLimitReached: `max_turns` answers are there, and the last one still called functions.
            LengthError: An answer was cut at the token limit inside its calls; none of them was run.
            TikHubError: As the provider's `create`, or `stream` where the run was iterated.
        """
        if self._events is None and self._failure is None:
            self._events = self._play(streamed=False)
        async for _ in self:
            pass
        assert self.response is not None
        return self.response

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E | TurnEnded[R] | ToolCalled | ToolReturned:
        if self._failure is not None:
            raise self._failure
        if self._events is None:
            self._events = self._play(streamed=True)
        try:
            return await anext(self._events)
        except StopAsyncIteration:
            raise
        except TikHubError as failure:
            self._failure = failure
            raise
        except BaseException:
            # Cancelled in the middle of a turn: going on would silently leave that turn out.
            self._failure = self._stopped("the run was cancelled")
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Give the connection of an open stream back. A run that had not ended has failed then."""
        if self._events is not None and not getattr(self._events, "ag_running", False):
            await self._events.aclose()
        elif self._stream is not None:  # another task waits for it, and gets its end
            await self._stream.aclose()
        if not self._finished and self._failure is None:
            self._failure = self._stopped("the run was closed before its end")

    # ── turns ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _play(self, *, streamed: bool) -> AsyncGenerator[E | TurnEnded[R] | ToolCalled | ToolReturned, None]:
        dialect, params = self._dialect, self._params
        while True:
            if self.turns >= self._limits.turns:
                self._give_up()
            request = {**params, dialect.history: list(self.messages)}
            if streamed:
                self._stream = dialect.stream(self._resource, request)
                async with self._stream as stream:
                    async for event in stream:
                        yield event
                    response: R = await stream.final()
            else:
                response = await dialect.ask(self._resource, request)
            calls = self._take(response)
            yield TurnEnded(turn=self.turns, response=response)
            for call in calls:
                yield ToolCalled(turn=self.turns, id=call.id, name=call.name, arguments=call.arguments)
            returned = await self._run_all(calls)
            self.messages += dialect.reply(response)
            if calls:
                self.messages += dialect.results([result for result, _ in returned])
                params = dialect.relax(params)
            for result, seconds in returned:
                yield self._event(result, seconds)
            if not calls and not dialect.goes_on(response):
                self._finished = True
                return

    def _take(self, response: R) -> list[Call]:
        """Count a whole answer in; its calls."""
        self.turns += 1
        self.response = response
        self._usages.append(self._dialect.usage(response))
        calls = self._dialect.calls(response)
        if calls and self._dialect.was_cut(response):
            raise LengthError(
                f"turn {self.turns} was cut at the token limit inside its calls of {', '.join(c.name for c in calls)}; "
                "none was run",
                **self._facts(),
            )
        return calls

    def _give_up(self) -> NoReturn:
        raise TurnLimitReached(
            f"{self.turns} turns are used up, and the model still called functions",
            messages=self.messages,
            turns=self.turns,
            hint="error.messages is the whole history: go on with it, or give a larger max_turns",
            **self._facts(),
        )

    def _stopped(self, reason: str) -> StreamInterrupted:
        return StreamInterrupted(
            f"{reason}, after {self.turns} turns",
            partial=self.response,
            usage=self.usage,
            where=WHERE,
            hint="run.messages holds the complete turns: another run can go on from it",
        )

    def _facts(self) -> dict[str, Any]:
        response = self.response
        return {
            "text": getattr(response, "text", ""),
            "usage": self.usage,
            "response": response,
            "request_id": response.request_id if response is not None else None,
            "where": WHERE,
        }

    # ── calls ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _run_all(self, calls: Sequence[Call]) -> list[tuple[Result, float]]:
        """All calls of an answer at once; results in the order of the calls."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._run_one(call)) for call in calls]
        except BaseExceptionGroup as failures:
            # Only what is no Exception comes here; the run ends with it, but not inside a group.
            first = failures.exceptions[0]
            while isinstance(first, BaseExceptionGroup):
                first = cast("BaseExceptionGroup[BaseException]", first).exceptions[0]
        else:
            return [task.result() for task in tasks]
        raise first

    async def _run_one(self, call: Call) -> tuple[Result, float]:
        clock = self._limits.clock
        started = clock.now()
        limit: float | None = None
        failure: Exception
        try:
            tool = self._find(call)
            limit = tool.timeout if tool.timeout is not None else self._limits.seconds
            async with clock.timeout(limit):
                value = await tool.run(call.arguments)
            text = value if isinstance(value, str) else codec.encode(value).decode()
            data = value if isinstance(value, str) else codec.loads(text.encode())
            return Result(call=call, text=text, data=data), clock.now() - started
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            failure = RuntimeError(f"{call.name} was cancelled")  # by the function itself, not from outside
        except TimeoutError as late:
            failure = late if str(late) else TimeoutError(f"{call.name} took longer than {limit} s")
        except Exception as other:
            failure = other
        return Result(call=call, text=_words(failure), error=failure), clock.now() - started

    def _find(self, call: Call) -> AnyTool:
        if call.problem:
            raise InvalidParameter(call.name, f"cannot be run: {call.problem}")
        tool = self._tools.get(call.name)
        if tool is None:
            raise InvalidParameter(call.name, f"there is no such function; there are {', '.join(self._tools)}")
        return tool

    def _event(self, result: Result, seconds: float) -> ToolReturned:
        call = result.call
        return ToolReturned(
            turn=self.turns, id=call.id, name=call.name, output=result.text, error=result.error, seconds=seconds
        )


class Limits(msgspec.Struct, frozen=True):
    """How far a run may go."""

    turns: int
    """Answers of the model."""
    seconds: float | None
    """For a call whose tool has no timeout of its own; None for no limit."""
    clock: Clock


def _words(failure: Exception) -> str:
    """What a model is told of a failure."""
    if isinstance(failure, TikHubError):
        return failure.message
    text = str(failure)
    return f"{type(failure).__name__}: {text}" if text else type(failure).__name__

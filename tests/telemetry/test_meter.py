"""`client.meter()`: what is inside is counted, what is unknown is counted as unknown."""

import asyncio
import gc
import threading
from typing import Any

import pytest

from tikhub_async import APIError, InDoubtError, StreamInterrupted, TikHubAI
from tikhub_async.telemetry import Call, Meter
from tikhub_async.testing import (
    TEST_KEY,
    Drop,
    Emulator,
    Error,
    NoFinish,
    RateLimited,
    Stall,
    TaskFails,
    Truncate,
)
from tikhub_async.types.chat import ChatMessage

MESSAGES: list[ChatMessage] = [{"role": "user", "content": "one two three"}]


async def ask(client: TikHubAI, model: str = "gpt-5") -> Any:
    return (await client.openai.chat.completions.create(model=model, messages=MESSAGES)).usage


async def film(client: TikHubAI) -> Any:
    return await client.seedance.create(
        model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": "A dog"}]
    )


async def test_everything_inside_is_summed(client: TikHubAI) -> None:
    with client.meter() as meter:
        usages = [await ask(client) for _ in range(3)]
        stream = client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES)
        usages.append((await stream.final()).usage)
    await ask(client)
    assert meter.total.calls == 4
    assert meter.total.input_tokens == sum(usage.prompt_tokens for usage in usages)
    assert meter.total.output_tokens == sum(usage.completion_tokens for usage in usages)
    assert meter.total.total_tokens == sum(usage.total_tokens for usage in usages)
    assert (meter.unknown, meter.pending) == (0, 0)


async def test_every_kind_of_answer_counts(client: TikHubAI) -> None:
    with client.meter() as meter:
        await client.claude.messages.create(
            model="claude-sonnet-4-5", max_tokens=50, messages=[{"role": "user", "content": "Hi"}]
        )
        await client.gemini.models.generate_content(model="gemini-2.5-pro", contents="Hi")
        await client.openai.responses.create(model="gpt-5", input="Hi")
        await client.openai.embeddings.create(model="text-embedding-3-small", input="Hi")
        await client.deepseek.chat.completions.create(model="deepseek-chat", messages=MESSAGES)
    assert meter.unknown == 0
    assert set(meter.by_model) == {
        "claude-sonnet-4-5", "gemini-2.5-pro", "gpt-5", "text-embedding-3-small", "deepseek-chat",
    }  # fmt: skip
    assert all(spent.input_tokens > 0 for spent in meter.by_model.values())
    assert sum(spent.total_tokens for spent in meter.by_model.values()) == meter.total.total_tokens


async def test_tasks_that_are_started_inside_belong_to_it(client: TikHubAI) -> None:
    async def user(count: int) -> Meter:
        with client.meter() as meter:
            await asyncio.gather(*(ask(client) for _ in range(count)))
        return meter

    outside = asyncio.ensure_future(ask(client))
    meters = await asyncio.gather(user(1), user(2), user(5))
    await outside
    assert [meter.total.calls for meter in meters] == [1, 2, 5]


async def test_meters_nest(client: TikHubAI) -> None:
    with client.meter() as day:
        await ask(client)
        with client.meter() as hour:
            await ask(client)
    assert (day.total.calls, hour.total.calls) == (2, 1)


async def test_only_ones_own_client_counts_and_its_copies(gw: Emulator, client: TikHubAI) -> None:
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url) as other:
        with client.meter() as meter:
            await ask(other)
            await ask(client.with_options(max_retries=0))
    assert meter.total.calls == 1


async def test_looks_and_lists_cost_nothing(client: TikHubAI) -> None:
    with client.meter() as meter:
        await client.models.list()
    assert meter.total.calls == 0


async def test_an_answer_without_usage_is_unknown(client: TikHubAI) -> None:
    with client.meter() as meter:
        stream = client.openai.chat.completions.stream(
            model="gpt-5", messages=MESSAGES, stream_options={"include_usage": False}
        )
        await stream.final()
    assert (meter.total.calls, meter.unknown, meter.total.total_tokens) == (1, 1, 0)


@pytest.mark.parametrize("fault", [Truncate(after_events=3)], ids=["cut"])
async def test_a_broken_stream_is_unknown(gw: Emulator, client: TikHubAI, fault: Any) -> None:
    gw.script("chat.completions", fault)
    with client.meter() as meter, pytest.raises(StreamInterrupted):
        await client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES).final()
    assert (meter.total.failed, meter.unknown) == (1, 1)


async def test_a_broken_stream_with_a_count_is_known(gw: Emulator, client: TikHubAI) -> None:
    gw.script("chat.completions", NoFinish())
    with client.meter() as meter, pytest.raises(StreamInterrupted):
        await client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES).final()
    assert (meter.total.failed, meter.unknown) == (1, 0)
    assert meter.total.total_tokens > 0


async def test_a_stream_that_was_left_is_unknown(gw: Emulator, client: TikHubAI) -> None:
    gw.script("chat.completions", Stall(after_events=3))
    with client.meter() as meter:
        async with client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES) as stream:
            await anext(stream)
    assert meter.unknown == 1


@pytest.mark.filterwarnings("ignore:stream dropped:ResourceWarning")
async def test_a_stream_that_was_dropped_is_unknown(gw: Emulator, client: TikHubAI) -> None:
    """Nobody closed it, so it is over when it is collected."""
    gw.script("chat.completions", Stall(after_events=3))
    with client.meter() as meter:
        stream = client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES)
        await anext(stream)
        assert meter.pending == 1
        del stream
        gc.collect()
        await asyncio.sleep(0)
    assert (meter.total.calls, meter.total.failed, meter.unknown, meter.pending) == (1, 1, 1, 0)


@pytest.mark.filterwarnings("ignore:stream dropped:ResourceWarning")
async def test_a_stream_that_another_thread_collects_is_told_on_the_loop(gw: Emulator, client: TikHubAI) -> None:
    gw.script("chat.completions", Stall(after_events=3))
    with client.meter() as meter:
        kept = [client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES)]
        await anext(kept[0])
        threads: list[str] = []
        told = meter.on_end

        def on_end(call: Call) -> None:
            threads.append(threading.current_thread().name)
            told(call)

        meter.on_end = on_end  # type: ignore[method-assign]
        await asyncio.to_thread(kept.clear)
        await asyncio.sleep(0)
    assert threads == [threading.main_thread().name]
    assert (meter.unknown, meter.pending) == (1, 0)


async def test_a_refusal_costs_nothing(gw: Emulator, client: TikHubAI) -> None:
    gw.script("chat.completions", Error(status=400, code="invalid_request"))
    with client.meter() as meter, pytest.raises(APIError):
        await ask(client)
    assert (meter.total.failed, meter.unknown, meter.total.total_tokens) == (1, 0, 0)


async def test_an_attempt_that_may_have_been_charged_is_one_unknown_more(gw: Emulator, client: TikHubAI) -> None:
    gw.script("chat.completions", Drop(), RateLimited())
    with client.meter() as meter:
        await ask(client)
    assert (meter.total.calls, meter.unknown) == (1, 1)
    assert meter.total.total_tokens > 0


async def test_a_stream_that_outlives_the_block_is_pending_then_counted(client: TikHubAI) -> None:
    """As in a web backend: the handler returns, and the answer is sent afterwards."""
    with client.meter() as meter:
        relay = client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES).relay()
    async for _ in relay:
        pass
    assert (meter.total.calls, meter.pending, meter.unknown) == (1, 0, 0)
    assert meter.total.total_tokens > 0


async def test_a_video_is_priced_when_it_is_done(client: TikHubAI) -> None:
    with client.meter() as meter:
        task = await film(client)
    assert (meter.total.videos, meter.total.quota, meter.pending) == (1, 0, 1)
    await task.wait(poll_interval=0.05)
    assert meter.total.quota == task.state.quota
    assert (meter.pending, meter.unknown) == (0, 0)
    await task.refresh()
    assert meter.total.videos == 1


async def test_a_failed_video_is_given_back(gw: Emulator, client: TikHubAI) -> None:
    gw.script("seedance.create", TaskFails())
    with client.meter() as meter:
        outcome = await client.tasks.wait_all([await film(client)], poll_interval=0.05)
    assert outcome
    assert (meter.total.videos, meter.total.quota, meter.unknown, meter.pending) == (1, 0, 0, 0)


async def test_a_creation_in_doubt_is_unknown(gw: Emulator, client: TikHubAI) -> None:
    gw.script("seedance.create", Drop())
    with client.meter() as meter, pytest.raises(InDoubtError):
        await film(client)
    assert (meter.total.calls, meter.total.videos, meter.unknown) == (1, 0, 1)


async def test_a_video_of_an_earlier_run_is_somebody_elses(client: TikHubAI) -> None:
    saved = (await film(client)).to_dict()
    with client.meter() as meter:
        await client.tasks.attach(saved).wait(poll_interval=0.05)
    assert (meter.total.videos, meter.total.quota, meter.pending) == (0, 0, 0)


async def test_a_meter_may_be_left_in_another_context(client: TikHubAI) -> None:
    """As an async fixture does, whose end may run in another task than its beginning."""
    meter = client.meter()

    async def enter() -> None:
        meter.__enter__()

    await asyncio.create_task(enter())
    meter.__exit__(None, None, None)
    await ask(client)
    assert meter.total.calls == 0

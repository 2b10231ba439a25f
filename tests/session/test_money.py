"""Paid creations: cancelled callers lose no id, closing waits for what is in flight, keys stay where they belong."""

import asyncio
import logging
import traceback
from typing import Any

import pytest

from tikhub_async import TikHubAI, errors
from tikhub_async.testing import TEST_KEY, Drop, Emulator, Error, FakeClock, Html, RateLimited, Stall

VIDEO: Any = {"model": "doubao-seedance-1-5-pro-251215", "content": [{"type": "text", "text": "a secret prompt"}]}


async def in_flight(gw: Emulator) -> None:
    while not gw.in_flight:
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("ticks", range(0, 60, 2))
async def test_a_cancelled_creation_loses_no_id(gw: Emulator, ticks: int) -> None:
    """Whatever the tick: nothing was sent, or the id is known, or the doubt is named."""
    client = TikHubAI(api_key=TEST_KEY, base_url=gw.base_url)
    creating = asyncio.ensure_future(client.seedance.create(**VIDEO))
    for _ in range(ticks):
        await asyncio.sleep(0)
    creating.cancel()
    known: list[str] = []
    try:
        known.append((await creating).id)
    except asyncio.CancelledError:
        pass
    await client.aclose()
    for orphan in client.tasks.orphans():
        assert orphan.endpoint == "seedance.create"
        if orphan.answer is not None:
            known.append(orphan.answer.body.decode())
        else:
            assert isinstance(orphan.error, errors.InDoubtError)
            known.append("doubt")
    assert len(gw.paid) <= 1
    assert len(known) >= len(gw.paid)


async def test_a_cancelled_creation_is_logged_and_handed_out_once(
    client: TikHubAI, gw: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    gw.script("seedance.create", Stall(seconds=0.05))
    creating = asyncio.ensure_future(client.seedance.create(**VIDEO))
    await in_flight(gw)
    creating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await creating
    await client.aclose()
    assert len(client.tasks.orphans()) == 1
    assert client.tasks.orphans() == []
    assert "client.tasks.orphans()" in caplog.text
    assert "a secret prompt" not in caplog.text


async def test_an_abandoned_creation_is_not_sent_again_after_a_429(client: TikHubAI, gw: Emulator) -> None:
    gw.script("seedance.create", RateLimited(), RateLimited())
    creating = asyncio.ensure_future(client.seedance.create(**VIDEO))
    while not gw.requests:
        await asyncio.sleep(0)
    creating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await creating
    await client.aclose()
    assert len(gw.requests) <= 2


async def test_creations_each_have_a_fresh_connection(client: TikHubAI, gw: Emulator) -> None:
    for _ in range(3):
        await client.seedance.create(**VIDEO)
    assert len({seen.connection for seen in gw.requests}) == 3


@pytest.mark.parametrize("fault", [Drop(), Html(status=502), Error(status=500)], ids=repr)
async def test_errors_show_no_key_in_text_traceback_or_log(
    client: TikHubAI, gw: Emulator, caplog: pytest.LogCaptureFixture, fault: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    gw.script("chat.completions", fault, fault)
    with pytest.raises(errors.TikHubError) as caught:
        await client.openai.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
    error: BaseException | None = caught.value
    while error is not None:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        assert TEST_KEY not in shown
        error = error.__cause__ or error.__context__
    assert TEST_KEY not in caplog.text + repr(vars(caught.value))


async def test_a_redirect_takes_no_key_anywhere(gw: Emulator, clock: FakeClock) -> None:
    from tikhub_async.testing import Reply

    async with Emulator() as other, TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=clock) as client:
        for status in (301, 302, 303, 307, 308):
            gw.script("chat.completions", Reply(status=status, headers={"Location": f"{other.base_url}/v1/models"}))
            with pytest.raises(errors.ProtocolError, match="redirect"):
                await client.openai.chat.completions.create(
                    model="gpt-4o", messages=[{"role": "user", "content": "Hi"}]
                )
        assert other.requests == []


async def test_waiting_for_a_connection_has_its_own_limit(gw: Emulator, clock: FakeClock) -> None:
    from tikhub_async import Limits

    gw.script("chat.completions", Stall())
    async with TikHubAI(
        api_key=TEST_KEY, base_url=gw.base_url, clock=clock, limits=Limits(connections=1), max_retries=0
    ) as client:
        params: Any = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
        first = asyncio.ensure_future(client.openai.chat.completions.create(**params))
        await in_flight(gw)
        second = asyncio.ensure_future(client.openai.chat.completions.create(**params))
        await asyncio.sleep(0.01)
        await clock.advance(10.5)
        with pytest.raises(errors.APITimeoutError, match="busy for 10 s") as caught:
            await second
        assert (caught.value.phase, caught.value.maybe_billed, caught.value.attempts) == ("pool", False, 0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await client.openai.chat.completions.create(**params)).text


async def test_an_answer_that_does_not_come_is_a_timeout_and_not_sent_again(
    client: TikHubAI, gw: Emulator, clock: FakeClock
) -> None:
    gw.script("chat.completions", Stall())
    params: Any = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    asking = asyncio.ensure_future(client.openai.chat.completions.create(**params, timeout=20))
    await in_flight(gw)
    await clock.advance(21)
    with pytest.raises(errors.APITimeoutError, match="may have been billed") as caught:
        await asking
    assert caught.value.phase == "total"
    assert len(gw.requests) == 1


async def test_a_creation_that_is_not_answered_is_in_doubt(client: TikHubAI, gw: Emulator, clock: FakeClock) -> None:
    gw.script("seedance.create", Stall())
    creating = asyncio.ensure_future(client.seedance.create(**VIDEO))
    await in_flight(gw)
    await clock.advance(601)
    with pytest.raises(errors.InDoubtError, match=r"no (answer|data) .*\d+ s"):
        await creating
    assert len(gw.requests) == 1

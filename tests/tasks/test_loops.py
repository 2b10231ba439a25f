"""One client on several event loops: after one another, and at the same time."""

import asyncio
import threading
from typing import Any

from tikhub_async import TikHubAI, Video
from tikhub_async.testing import TEST_KEY, Emulator, serve_in_thread


async def a_video(client: TikHubAI, task: Any = None) -> Video:
    if task is None:
        task = await client.seedance.create(
            model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": "A cat"}]
        )
    video: Video = await task.wait(timeout=20, poll_interval=0.05)
    return video


async def and_close(client: TikHubAI) -> Video:
    try:
        return await a_video(client)
    finally:
        await client.aclose()


def test_a_client_waits_on_one_loop_after_the_other() -> None:
    with serve_in_thread(Emulator(pace=0, task_seconds=0.2)) as gateway:
        client = TikHubAI(api_key=TEST_KEY, base_url=gateway.base_url)
        assert [asyncio.run(and_close(client)).url for _ in range(3)]


def test_a_client_waits_on_two_loops_at_once_even_for_the_same_task() -> None:
    outcomes: list[Video] = []
    with serve_in_thread(Emulator(pace=0, task_seconds=0.6)) as gateway:
        client = TikHubAI(api_key=TEST_KEY, base_url=gateway.base_url)

        async def create() -> dict[str, Any]:
            task = await client.seedance.create(
                model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": "A cat"}]
            )
            await client.aclose()
            return task.to_dict()

        saved = asyncio.run(create())

        async def wait() -> None:
            outcomes.append(await a_video(client, client.tasks.attach(saved)))
            await client.aclose()

        threads = [threading.Thread(target=lambda: asyncio.run(wait())) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({video.url for video in outcomes}) == 1
    assert len(outcomes) == 3
    assert len(gateway.paid) == 1


def test_closing_on_one_loop_leaves_the_waits_of_another_alone() -> None:
    with serve_in_thread(Emulator(pace=0, task_seconds=0.6)) as gateway:
        client = TikHubAI(api_key=TEST_KEY, base_url=gateway.base_url)
        begun = threading.Event()
        outcomes: list[Video] = []

        async def wait() -> None:
            waiting = asyncio.ensure_future(a_video(client))
            while not gateway.seen("seedance.retrieve"):
                await asyncio.sleep(0.005)
            begun.set()
            outcomes.append(await waiting)
            await client.aclose()

        thread = threading.Thread(target=lambda: asyncio.run(wait()))
        thread.start()
        assert begun.wait(10)
        asyncio.run(client.aclose())
        thread.join()
    assert len(outcomes) == 1

"""A process is killed while its tasks run; another one takes them up from what was saved, and pays for nothing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.processes import environment
from tikhub_async.testing import TEST_KEY, Emulator, serve_in_thread

TASKS = 100

CREATE = """
import asyncio, json, sys
from tikhub_async import TikHubAI

async def main():
    async with TikHubAI() as client:
        async def one(number):
            task = await client.seedance.create(
                model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": f"Cat {number}"}]
            )
            print(json.dumps(task.to_dict()), flush=True)
            return task
        tasks = await asyncio.gather(*(one(number) for number in range(int(sys.argv[1]))))
        print("waiting", flush=True)
        await client.tasks.wait_all(tasks, poll_interval=0.1)
        print("done", flush=True)

asyncio.run(main())
"""

ATTACH = """
import asyncio, json, sys
from tikhub_async import TikHubAI, Video

async def main():
    async with TikHubAI(polls_per_second=200) as client:
        tasks = [client.tasks.attach(json.loads(line)) for line in sys.stdin]
        outcomes = await client.tasks.wait_all(tasks, timeout=30)
        print(sum(isinstance(outcome, Video) for outcome in outcomes))

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_hundred_tasks_outlive_their_process_and_none_is_created_again(tmp_path: Path) -> None:
    with serve_in_thread(Emulator(pace=0, task_seconds=4.0)) as gateway:
        env = environment(TIKHUB_AI_BASE_URL=gateway.base_url, TIKHUB_AI_API_KEY=TEST_KEY)
        with subprocess.Popen(
            [sys.executable, "-c", CREATE, str(TASKS)], env=env, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            saved: list[str] = []
            for line in process.stdout:
                if line == "waiting\n":
                    break
                saved.append(line)
            os.kill(process.pid, signal.SIGKILL)
            assert "done" not in process.stdout.read()
        assert process.returncode == -signal.SIGKILL
        assert len(saved) == TASKS
        assert TEST_KEY not in "".join(saved)
        paid = len(gateway.paid)
        done = subprocess.run(
            [sys.executable, "-c", ATTACH], env=env, input="".join(saved), capture_output=True, text=True, check=True
        )
        assert done.stdout == f"{TASKS}\n"
        assert done.stderr == ""
        assert (paid, len(gateway.paid)) == (TASKS, TASKS)
    assert {json.loads(line)["id"] for line in saved} == {creation.id for creation in gateway.paid}

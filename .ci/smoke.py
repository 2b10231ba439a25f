"""What an installed wheel must be able to do, run outside the checkout: `python smoke.py`, in an empty folder."""

import asyncio
import subprocess
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import tikhub_async
from tikhub_async import TaskFailed, TikHubAI
from tikhub_async.testing import TEST_KEY, Emulator, FakeClock

MODEL = "doubao-seedance-1-5-pro-251215"


def check_installation() -> None:
    """It is the installed package, and whole."""
    place = Path(tikhub_async.__file__)
    assert "site-packages" in place.parts, place
    assert Path.cwd() not in place.parents
    assert version("tikhub-async") == tikhub_async.__version__
    assert files("tikhub_async").joinpath("py.typed").is_file()
    assert files("tikhub_async").joinpath("testing/samples/result.mp4").is_file()


async def check_calls() -> None:
    """A chat, a stream, two videos, a download, all against the emulator."""
    clock = FakeClock()
    async with (
        Emulator(pace=0, clock=clock) as gateway,
        TikHubAI(api_key=TEST_KEY, base_url=gateway.base_url, clock=clock) as client,
    ):
        done = await client.openai.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": "Hi"}])
        assert done.text.startswith("You said: “Hi”")
        stream = client.claude.messages.stream(
            model="claude-sonnet-4-5", max_tokens=99, messages=[{"role": "user", "content": "Hi"}]
        )
        assert (await stream.final()).stop_reason == "end_turn"
        films = ("A lighthouse", "A lighthouse [[fail]]")
        tasks = [
            await client.seedance.create(model=MODEL, content=[{"type": "text", "text": film}], duration=5)
            for film in films
        ]
        video, failure = await client.tasks.wait_all(tasks)
        assert isinstance(failure, TaskFailed)
        assert not isinstance(video, Exception)
        path = await video.download("video.mp4", overwrite=True)
        assert Path(path).read_bytes()[4:8] == b"ftyp"
        assert len(gateway.paid) == 2
    await gateway.assert_no_leaks()


def check_command() -> None:
    """The command line, as it is installed."""
    command = str(Path(sys.executable).with_name("tikhub-ai"))
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
    assert tikhub_async.__version__ in said, said
    subprocess.run([command, "demo", "--fast"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    assert len(list(Path("tikhub-demo").glob("*.mp4"))) == 2


if __name__ == "__main__":
    check_installation()
    asyncio.run(check_calls())
    check_command()
    print(f"Python {sys.version.split()[0]}: tikhub-async {tikhub_async.__version__} works")

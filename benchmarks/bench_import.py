"""What does it cost to import a client, and how much memory is in use after its first request?"""

import os
import subprocess
import sys

from benchmarks import _measure as measure
from benchmarks._measure import Case, Question
from benchmarks.clients import make, operation_of

IMPORTS = {
    "tikhub_async": "import tikhub_async",
    "floor": "import asyncio, msgspec",
    "bare": "import aiohttp, msgspec",
    "httpx + json": "import httpx, json",
    "openai": "import openai",
    "anthropic": "import anthropic",
    "google-genai": "from google import genai",
    "litellm": "import litellm",
}
CPU, MEMORY = "import, CPU ms above `import asyncio`", "after the first request, MB"


def _cpu_of(code: str) -> float:
    """CPU ms of an interpreter that runs the code."""
    environment = {**measure.with_byte_code(), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    child = subprocess.Popen([sys.executable, "-W", "ignore", "-c", code], env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, code
    return (usage.ru_utime + usage.ru_stime) * 1e3


async def _imports(client: str, base_url: str, seconds: float) -> dict[str, float] | None:
    _cpu_of(IMPORTS[client])  # writes .pyc files
    least = min(_cpu_of("import asyncio") for _ in range(3))
    return {CPU: min(_cpu_of(IMPORTS[client]) for _ in range(3)) - least}


async def _first_request(client: str, base_url: str, seconds: float) -> dict[str, float] | None:
    # This very process: it has imported nothing but the benchmarks' own modules and msgspec.
    made = make(client, base_url)
    run = operation_of(made, "chat") or operation_of(made, "claude") or operation_of(made, "gemini")
    assert run is not None
    await run()
    return {MEMORY: measure.resident_kb() / 1024}


QUESTION = Question(
    name="import",
    title="Import and memory",
    cases=[
        Case(name="import", serve=measure.no_server, work=_imports, clients=tuple(IMPORTS)),
        Case(name="first request", serve=measure.static(), work=_first_request, clients=tuple(IMPORTS)),
    ],
    note="The least of three interpreters in each round, byte code cached. Our import loads no aiohttp; the first client "
    "does. Aims: at most 40 ms above `import asyncio`, at most 40 MB.",
)

if __name__ == "__main__":
    measure.main(QUESTION)

"""What does one token of a stream cost? Four dialects in bursts, chat with a chunk and a write per event."""

from benchmarks import _measure as measure
from benchmarks._measure import Aim, Case, Question
from benchmarks.clients import CLIENTS, FLOOR, make, operation_of


def _case(name: str, operation: str, at_once: int, serve: measure.Serve, *, passes: int | None = None) -> Case:
    async def work(client: str, base_url: str, seconds: float) -> dict[str, float] | None:
        run = operation_of(make(client, base_url), operation)
        if run is None:
            return None
        if passes is None:
            return {name: await measure.cost(run, at_once, seconds)}
        return {name: await measure.cost_of_passes(run, at_once, passes)}

    # litellm would take a quarter of an hour for 100 bursts in each round.
    clients = [client for client in CLIENTS if client != "litellm" or at_once == 1 or passes]
    return Case(name=name, serve=serve, work=work, clients=clients)


BURST = measure.static("/stream")
PACED = measure.events("short.sse", 0.05)

QUESTION = Question(
    name="streams",
    title="Streams: CPU µs per token",
    cases=[
        _case("chat, burst", "chat_stream", 1, BURST),
        _case("chat, burst, an HTTP chunk per event", "chat_stream", 1, measure.events("chat.sse", 0)),
        _case("chat, 100 streams at once", "chat_stream", 100, BURST),
        _case("chat, paced, 100 streams", "chat_stream", 100, PACED, passes=1),
        _case("responses, burst", "responses_stream", 1, BURST),
        _case("claude, burst", "claude_stream", 1, BURST),
        _case("gemini, burst", "gemini_stream", 1, BURST),
    ],
    aims={
        "chat, burst": [Aim(other=FLOOR, most=2.5), Aim(other="openai", least=25)],
        "chat, 100 streams at once": [Aim(other=FLOOR, most=1.5), Aim(other="openai", least=25)],
        "chat, paced, 100 streams": [Aim(other=FLOOR, most=1.35), Aim(other="openai", least=6)],
        "responses, burst": [Aim(other=FLOOR, most=2), Aim(other="openai", least=28)],
        "claude, burst": [Aim(other=FLOOR, most=2), Aim(other="anthropic", least=9)],
        "gemini, burst": [Aim(other=FLOOR, most=2), Aim(other="google-genai", least=35)],
    },
    note="Streams of 1,000 text deltas of 120 to 270 bytes; the paced ones have 100, one HTTP chunk and one write each, "
    "50 ms apart in every stream. `[speed]` is the same client on uvloop.",
)

if __name__ == "__main__":
    measure.main(QUESTION)

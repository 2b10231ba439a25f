"""What does a request cost that is answered in one piece? Chat at 1, 32 and 256 at once, the others at 32."""

from benchmarks import _measure as measure
from benchmarks._measure import Aim, Case, Question
from benchmarks.clients import BARE, make, operation_of


def _case(name: str, operation: str, at_once: int) -> Case:
    async def work(client: str, base_url: str, seconds: float) -> dict[str, float] | None:
        run = operation_of(make(client, base_url), operation)
        return None if run is None else {name: await measure.cost(run, at_once, seconds)}

    return Case(name=name, serve=measure.static(), work=work)


QUESTION = Question(
    name="requests",
    title="Requests: CPU µs per request",
    cases=[
        _case("chat, one at a time", "chat", 1),
        _case("chat, 32 at once", "chat", 32),
        _case("chat, 256 at once", "chat", 256),
        _case("claude message, 32 at once", "claude", 32),
        _case("gemini content, 32 at once", "gemini", 32),
    ],
    aims={
        "chat, 32 at once": [Aim(other=BARE, most=1.25), Aim(other="openai", least=12)],
        "chat, 256 at once": [Aim(other=BARE, most=1.25), Aim(other="openai", least=13)],
    },
    note="A question of 200 characters, an answer of 900 bytes, kept connections.",
)

if __name__ == "__main__":
    measure.main(QUESTION)

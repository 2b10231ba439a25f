"""What does an embeddings answer cost? 64 vectors of 1,536 numbers, each an array of floats in the end."""

from benchmarks import _measure as measure
from benchmarks._measure import Aim, Case, Question
from benchmarks.clients import FLOOR, make, operation_of


def _case(name: str, operation: str, prefix: str) -> Case:
    async def work(client: str, base_url: str, seconds: float) -> dict[str, float] | None:
        run = operation_of(make(client, base_url), operation)
        return None if run is None else {name: await measure.cost(run, 1, seconds) / 1e3}

    return Case(name=name, serve=measure.static(prefix), work=work)


QUESTION = Question(
    name="embeddings",
    title="Embeddings, 64 × 1,536: CPU ms per answer",
    cases=[
        _case("numbers", "embeddings_float", ""),
        _case("base64", "embeddings_base64", "/base64"),
    ],
    aims={"numbers": [Aim(other=FLOOR, most=1.3)], "base64": [Aim(other=FLOOR, most=1.3)]},
    note="1.2 MB of JSON numbers, or 0.5 MB of base64. Ours, the floor and the bare client end with `array('f')`, the "
    "others with what they give: lists of Python floats.",
)

if __name__ == "__main__":
    measure.main(QUESTION)

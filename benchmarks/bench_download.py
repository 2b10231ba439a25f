"""What does a video of 50 MB on disk cost?"""

from benchmarks import _measure as measure
from benchmarks._measure import Aim, Case, Question
from benchmarks.clients import FLOOR, make, operation_of

NAME = "50 MB to disk"


async def _work(client: str, base_url: str, seconds: float) -> dict[str, float] | None:
    run = operation_of(make(client, base_url), "download")
    return None if run is None else {NAME: await measure.cost(run, 1, seconds) / 1e3}


QUESTION = Question(
    name="download",
    title="Download: CPU ms per 50 MB",
    cases=[Case(name=NAME, serve=measure.static("/done"), work=_work)],
    aims={NAME: [Aim(other=FLOOR, most=1.25)]},
    note="Ours also looks at the task, checks length and file type, syncs the file and renames it into place.",
)

if __name__ == "__main__":
    measure.main(QUESTION)

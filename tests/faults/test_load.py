"""A hundred streams at once; a thousand are `python -m tests.faults.load --long`."""

from tests.faults.load import ours
from tests.faults.process import serving


async def test_a_hundred_streams_lose_no_event_and_keep_their_order() -> None:
    async with serving() as base_url:
        assert await ours(base_url, 100, 50) == 5000

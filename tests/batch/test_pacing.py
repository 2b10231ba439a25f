"""The gate, the rates, the hold and the scheduler, in virtual time."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from benchmarks.batch_core import measure
from benchmarks.virtual import LoopClock, run_virtually
from tikhub_async import TikHubAI
from tikhub_async._config import Limits
from tikhub_async.batch.options import settings_of
from tikhub_async.batch.pacing import Gate, Pacer, Ticket
from tikhub_async.batch.scheduler import Scheduler
from tikhub_async.errors import RateLimitError

TOO_MANY = RateLimitError("429", status_code=429)


class Server:
    """Refuses what comes while `limit` requests are in flight."""

    def __init__(self, limit: int, latency: float = 0.5, refusal: float = 0.01) -> None:
        self.limit = limit
        self.latency = latency
        self.refusal = refusal
        self.in_flight = 0
        self.served = 0
        self.refused = 0
        self.peak = 0

    async def __call__(self) -> bool:
        """False when refused."""
        if self.in_flight >= self.limit:
            self.refused += 1
            await asyncio.sleep(self.refusal)
            return False
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        await asyncio.sleep(self.latency)
        self.in_flight -= 1
        self.served += 1
        return True


async def drive(
    server: Server, gate: Gate, count: int, watch: Callable[[], None] = lambda: None, *, kept: bool = False
) -> None:
    """Send `count` requests through the gate; refused ones again after a second. `kept`: places go from job to job."""
    jobs = iter(range(count))

    async def fetch() -> list[int]:
        return list(itertools.islice(jobs, 100))

    async def admit(job: int) -> bool:
        watch()
        return True

    def admit_at_once(job: int) -> bool:
        watch()
        return kept

    async def work(job: int, ticket: Ticket) -> None:
        good = await server()
        if not good or not kept:
            gate.leave(ticket, refused=not good)
        if not good:
            scheduler.again(job, 1.0)

    scheduler = Scheduler(LoopClock(), gate, fetch=fetch, admit=admit, admit_at_once=admit_at_once, work=work)
    await scheduler.run()
    await scheduler.settle(None)


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("limit", [3, 40, 200])
def test_the_gate_settles_below_a_limit_that_nobody_told_it(limit: int, kept: bool) -> None:
    server = Server(limit)
    widths: list[float] = []

    async def main() -> float:
        gate = Gate(start=16, most=256)
        await drive(server, gate, 20_000, lambda: widths.append(gate.width), kept=kept)
        return asyncio.get_running_loop().time()

    seconds = run_virtually(main())
    assert server.served == 20_000
    assert server.refused / (server.served + server.refused) < 0.02
    best = 20_000 / (limit / server.latency)
    assert seconds < best / 0.75, "it must use most of what it may"
    settled = sorted(widths[len(widths) // 2 :])
    assert 0.8 * limit <= settled[len(settled) // 2] <= limit + 1


def test_with_no_limit_the_gate_opens_to_its_widest() -> None:
    async def main() -> float:
        gate = Gate(start=4, most=64)
        await drive(Server(10_000), gate, 3000)
        return gate.width

    assert run_virtually(main()) == 64


def test_a_gate_that_is_not_full_does_not_get_wider() -> None:
    async def main() -> float:
        gate = Gate(start=16, most=256)
        for _ in range(500):
            gate.leave(await gate.enter())
        return gate.width

    assert run_virtually(main()) == 16


def test_a_burst_of_refusals_narrows_it_once() -> None:
    async def main() -> list[float]:
        gate = Gate(start=100, most=100)
        tickets = [await gate.enter() for _ in range(100)]
        for ticket in tickets:
            gate.leave(ticket, refused=True)
        first = gate.width
        late = await gate.enter()
        gate.leave(late, refused=True)
        return [first, gate.width]

    first, second = run_virtually(main())
    assert first == 85
    assert second < 2, "what left after the cut counts: only one was in flight"


def test_a_fixed_gate_stays_as_it_is() -> None:
    async def main() -> float:
        gate = Gate(start=1, most=50, adaptive=False)
        tickets = [await gate.enter() for _ in range(50)]
        for ticket in tickets:
            gate.leave(ticket, refused=True)
        return gate.width

    assert run_virtually(main()) == 50


def test_the_other_lane_takes_places_from_the_gate() -> None:
    others = 0

    async def main() -> tuple[int, int, int]:
        nonlocal others
        gate = Gate(start=10, most=10, others=lambda: others)
        tickets = [await gate.enter() for _ in range(10)]
        others = 6
        entered: list[Ticket] = []

        async def enter() -> None:
            entered.append(await gate.enter())

        waiting = [asyncio.create_task(enter()) for _ in range(10)]
        for ticket in tickets[:6]:
            gate.leave(ticket)
        await asyncio.sleep(1)
        held_back = len(entered)
        others = 0
        gate.leave(tickets[6])
        await asyncio.sleep(1)
        after = len(entered)
        for ticket in tickets[7:]:
            gate.leave(ticket)
        await asyncio.sleep(1)
        for task in waiting:
            task.cancel()
        return held_back, after, len(entered)

    assert run_virtually(main()) == (0, 7, 10)


# ── rates and holds ─────────────────────────────────────────────────────────────────────────────────────────────────


def paced(
    main: Callable[[Pacer, TikHubAI], Coroutine[Any, Any, Any]], *, limits: Limits | None = None, **options: Any
) -> Any:
    """Run something with a pacer in virtual time."""

    async def whole() -> Any:
        client = TikHubAI(api_key="sk-x", clock=LoopClock(), limits=limits)
        pacer = Pacer.of(client._session)
        pacer.join(settings_of(options))
        return await main(pacer, client)

    return run_virtually(whole())


async def times_of(pacer: Pacer, count: int, tokens: float = 0.0) -> list[float]:
    times: list[float] = []
    for _ in range(count):
        await pacer.admit(tokens)
        times.append(asyncio.get_running_loop().time())
    return times


def most_within(times: list[float], seconds: float) -> int:
    return max(sum(start <= time < start + seconds for time in times) for start in times)


def test_requests_are_spread_over_the_minute() -> None:
    async def main(pacer: Pacer, client: TikHubAI) -> list[float]:
        return await times_of(pacer, 600)

    times = paced(main, rpm=300)
    assert most_within(times, 60) <= 301
    assert most_within(times, 1) <= 6
    assert times[-1] == pytest.approx(599 / 5, rel=0.02)


def test_requests_of_the_other_lane_are_paid_for() -> None:
    async def main(pacer: Pacer, client: TikHubAI) -> float:
        slots = client._session.transport.pools().slots
        before = (await times_of(pacer, 10))[-1]
        slots.ever += 10  # what the batch sent
        slots.ever += 50  # what others sent meanwhile
        return (await times_of(pacer, 10))[-1] - before

    assert paced(main, rpm=60) == pytest.approx(60, abs=1.5)


@pytest.mark.parametrize("options", [{"rpm": 60}, {"tpm": 6000}])
def test_where_there_are_rates_nobody_leaves_without_a_look_at_them(options: dict[str, Any]) -> None:
    async def main(pacer: Pacer, client: TikHubAI) -> bool:
        return pacer.admit_at_once()

    assert paced(main)
    assert not paced(main, **options)


def test_while_held_nobody_leaves() -> None:
    async def main(pacer: Pacer, client: TikHubAI) -> list[bool]:
        found = [pacer.admit_at_once()]
        pacer.refused(RateLimitError("429", status_code=429, retry_after=20), sent_at=pacer.now())
        found.append(pacer.admit_at_once())
        await asyncio.sleep(21)
        found.append(pacer.admit_at_once())
        for _ in range(9):
            pacer.refused(TOO_MANY, sent_at=pacer.now())
            await asyncio.sleep(0.001)
        return [*found, pacer.admit_at_once()]

    assert paced(main) == [True, False, True, False]


def test_calls_of_the_other_lane_narrow_the_gate_of_the_key() -> None:
    async def main(pacer: Pacer, client: TikHubAI) -> list[float]:
        slots, gate = client._session.transport.pools().slots, pacer.gate
        found: list[float] = []
        for taken in (0, 4, 50, 0):
            slots.taken = taken
            gate.leave(await gate.enter(), refused=None)
            found.append(gate.places)
        return found

    assert paced(main, concurrency=10, adaptive=False) == [10, 6, 1, 10]


def test_some_connections_are_never_taken_by_a_batch() -> None:
    async def main(pacer: Pacer, client: TikHubAI) -> int:
        return pacer.gate.most

    assert paced(main, concurrency=990) == 900
    assert paced(main, limits=Limits(connections=20), concurrency=990) == 16
    assert paced(main, concurrency=64) == 64


def test_tokens_are_spread_over_the_minute_whatever_their_size() -> None:
    async def main(pacer: Pacer, client: TikHubAI) -> list[float]:
        small = await times_of(pacer, 50, tokens=100)
        large = await times_of(pacer, 2, tokens=60_000)
        return [small[-1] - small[0], large[-1] - small[-1]]

    small, large = paced(main, tpm=60_000)
    assert small == pytest.approx(49 * 100 / 1000, abs=1.1)
    assert large == pytest.approx(120, abs=1.1)


def test_what_was_not_used_is_given_back_and_more_is_taken_later() -> None:
    async def main(pacer: Pacer, client: TikHubAI) -> list[float]:
        first = (await times_of(pacer, 1, tokens=30_000))[-1]
        pacer.settle(30_000, 1_000)
        second = (await times_of(pacer, 1, tokens=29_000))[-1]
        pacer.settle(29_000, 59_000)
        third = (await times_of(pacer, 1, tokens=1_000))[-1]
        return [first, second - first, third - second]

    first, second, third = paced(main, tpm=60_000)
    assert first == pytest.approx(29, abs=1.1)
    assert second == pytest.approx(0, abs=0.1)
    assert third == pytest.approx(31, abs=1.1)


def test_a_429_that_says_how_long_holds_all_calls_of_the_key() -> None:
    async def main(pacer: Pacer, client: TikHubAI) -> tuple[float, float]:
        pacer.refused(RateLimitError("429", status_code=429, retry_after=20), sent_at=pacer.now())
        session = client.with_options(timeout=5)._session
        return session.transport.key_state(session.config.api_key).hold_until, (await times_of(pacer, 1))[-1]

    assert paced(main) == pytest.approx((20, 20), abs=1e-6)


def test_single_refusals_hold_nothing_and_repeated_ones_hold_longer_and_longer() -> None:
    async def main(pacer: Pacer, client: TikHubAI) -> list[float]:
        holds: list[float] = []
        for _ in range(9):
            sent_at = pacer.now()
            await asyncio.sleep(0.001)
            for _ in range(100):  # a burst is one refusal
                pacer.refused(TOO_MANY, sent_at)
            holds.append(round(pacer.held_for, 2))
            await asyncio.sleep(pacer.held_for + 0.01)
        pacer.succeeded()
        pacer.refused(TOO_MANY, sent_at=pacer.now())
        holds.append(pacer.held_for)
        return holds

    holds = paced(main)
    assert holds[:2] == [0, 0]
    assert holds[-1] == 0
    assert holds[2:9] == sorted(holds[2:9])
    assert holds[8] == 30


def test_without_aiolimiter_rates_say_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from tikhub_async.errors import ConfigError

    monkeypatch.setitem(sys.modules, "aiolimiter", None)

    async def main(pacer: Pacer, client: TikHubAI) -> None:
        return None

    paced(main, concurrency=4)
    with pytest.raises(ConfigError, match="aiolimiter") as caught:
        paced(main, rpm=10)
    assert "tikhub-async[batch]" in (caught.value.hint or "")


# ── the core ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_line_costs_the_same_however_many_there_are() -> None:
    few, many = measure(5_000), measure(50_000)
    assert many["us"] < few["us"] * 1.5
    assert many["grown"] < 8


def run_jobs(*, kept: bool = False, **hooks: Any) -> tuple[list[Any], Scheduler[Any]]:
    """Jobs 0…9 through a gate of 3; what was done, in order. `kept`: places go from job to job."""
    done: list[Any] = []

    async def main() -> Scheduler[Any]:
        gate = Gate(start=3, most=3)
        left = list(range(10))

        async def fetch() -> list[int]:
            taken, left[:] = left[:4], left[4:]
            return taken

        async def admit(job: int) -> bool:
            return job != hooks.get("refuse")

        async def work(job: int, ticket: Ticket) -> None:
            await asyncio.sleep(hooks.get("seconds", 1))
            if not kept:
                gate.leave(ticket)
            if job == hooks.get("again") and job not in seen:
                seen.add(job)
                scheduler.again(job, 5)
                return
            if job == hooks.get("breaks"):
                raise RuntimeError("a bug")
            done.append(job)
            if job == hooks.get("stop"):
                scheduler.stop()

        seen: set[int] = set()
        scheduler = Scheduler(
            LoopClock(),
            gate,
            fetch=hooks.get("fetch", fetch),
            admit=admit,
            admit_at_once=lambda job: kept and job != hooks.get("refuse"),
            work=work,
        )
        await scheduler.run()
        await scheduler.settle(hooks.get("patience"))
        return scheduler

    return done, run_virtually(main())


both_ways = pytest.mark.parametrize("kept", [False, True])


@both_ways
def test_every_job_is_done_once(kept: bool) -> None:
    done, _ = run_jobs(kept=kept)
    assert done == list(range(10))


@both_ways
def test_a_job_that_comes_back_goes_before_new_ones(kept: bool) -> None:
    done, _ = run_jobs(kept=kept, again=0)
    assert sorted(done) == list(range(10))
    assert done[-1] == 0


@both_ways
def test_a_job_that_is_not_admitted_ends_the_run(kept: bool) -> None:
    done, scheduler = run_jobs(kept=kept, refuse=5)
    assert done == [0, 1, 2, 3, 4]
    assert scheduler.in_flight == 0


@both_ways
def test_after_a_stop_what_is_in_flight_ends_and_nothing_begins(kept: bool) -> None:
    done, _ = run_jobs(kept=kept, stop=2)
    assert 3 <= len(done) <= 6
    assert {0, 1, 2} <= set(done)


@both_ways
def test_what_a_stop_leaves_is_told(kept: bool) -> None:
    source = iter([list(range(10)), []])

    async def fetch() -> list[int]:
        return next(source)

    done, scheduler = run_jobs(kept=kept, stop=4, again=0, fetch=fetch)
    assert 0 not in done
    assert sorted([*done, *scheduler.left()]) == list(range(10))


def places(kept: bool) -> tuple[int, int]:
    """How many tasks 600 jobs in a gate of 5 took, and the most that were in flight."""
    tasks: set[int] = set()
    most = 0

    async def main() -> None:
        gate = Gate(start=5, most=5)
        jobs = iter(range(600))

        async def admit(job: int) -> bool:
            return True

        async def fetch() -> list[int]:
            return list(itertools.islice(jobs, 100))

        async def work(job: int, ticket: Ticket) -> None:
            nonlocal most
            tasks.add(id(asyncio.current_task()))
            alive.add(asyncio.current_task())
            most = max(most, gate.in_flight)
            await asyncio.sleep(1 + job % 7)
            if not kept:
                gate.leave(ticket)

        alive: set[Any] = set()  # so that no two have the same id
        scheduler = Scheduler(LoopClock(), gate, fetch=fetch, admit=admit, admit_at_once=lambda _: kept, work=work)
        await scheduler.run()
        await scheduler.settle(None)

    run_virtually(main())
    return len(tasks), most


def test_a_task_goes_from_job_to_job_where_nothing_has_to_be_waited_for() -> None:
    assert places(kept=True) == (5, 5)
    assert places(kept=False) == (600, 5)


def test_two_batches_in_one_gate_both_get_places() -> None:
    """One keeps its places from job to job; the other must get in all the same."""
    served = {"first": 0, "second": 0}

    async def main() -> None:
        gate = Gate(start=4, most=4)

        async def admit(job: int) -> bool:
            return True

        def batch(name: str) -> Scheduler[int]:
            jobs = iter(range(2000))

            async def fetch() -> list[int]:
                return list(itertools.islice(jobs, 100))

            async def work(job: int, ticket: Ticket) -> None:
                await asyncio.sleep(0.5 + job * 7919 % 997 / 997)
                served[name] += 1

            return Scheduler(LoopClock(), gate, fetch=fetch, admit=admit, admit_at_once=lambda _: True, work=work)

        first, second = batch("first"), batch("second")
        running = [asyncio.create_task(batch.run()) for batch in (first, second)]
        await asyncio.sleep(200.5)
        first.stop()
        second.stop()
        await asyncio.wait(running)
        await first.settle(None)
        await second.settle(None)

    run_virtually(main())
    assert sum(served.values()) > 790
    assert min(served.values()) > 300, served


def test_a_gate_that_gets_narrower_takes_places_from_those_that_keep_them() -> None:
    others = 0
    widths: list[int] = []

    async def main() -> None:
        nonlocal others
        gate = Gate(start=10, most=10, adaptive=False, others=lambda: others)
        jobs = iter(range(300))

        async def fetch() -> list[int]:
            return list(itertools.islice(jobs, 100))

        async def admit(job: int) -> bool:
            return True

        async def work(job: int, ticket: Ticket) -> None:
            await asyncio.sleep(1 + job % 3 / 10)

        scheduler = Scheduler(LoopClock(), gate, fetch=fetch, admit=admit, admit_at_once=lambda _: True, work=work)
        running = asyncio.create_task(scheduler.run())
        for taken in (0, 7, 2):
            others = taken
            await asyncio.sleep(5)
            widths.append(gate.in_flight)
        await running
        await scheduler.settle(None)

    run_virtually(main())
    assert widths == [10, 3, 8]


def test_no_job_overtakes_one_that_is_being_admitted() -> None:
    order: list[int] = []

    async def main() -> None:
        gate = Gate(start=3, most=3)
        jobs = iter([list(range(20)), []])

        async def fetch() -> list[int]:
            return next(jobs)

        async def admit(job: int) -> bool:
            await asyncio.sleep(50 if job == 6 else 0)
            return True

        async def work(job: int, ticket: Ticket) -> None:
            order.append(job)
            await asyncio.sleep(1 + job % 3)

        scheduler = Scheduler(
            LoopClock(), gate, fetch=fetch, admit=admit, admit_at_once=lambda job: job != 6, work=work
        )
        await scheduler.run()
        await scheduler.settle(None)

    run_virtually(main())
    assert order == list(range(20))


@both_ways
def test_an_error_in_a_job_stops_the_run_and_is_kept(kept: bool) -> None:
    done, scheduler = run_jobs(kept=kept, breaks=4)
    assert isinstance(scheduler.failure, RuntimeError)
    assert 4 not in done


def test_an_error_of_the_source_is_raised() -> None:
    async def fetch() -> list[int]:
        raise ValueError("no such source")

    with pytest.raises(ValueError, match="no such source"):
        run_jobs(fetch=fetch)


def test_jobs_that_take_too_long_are_cancelled_at_the_end() -> None:
    done, scheduler = run_jobs(seconds=100, refuse=3, patience=10)
    assert done == []
    assert scheduler.in_flight == 0


def test_a_slow_source_does_not_keep_a_job_from_coming_back() -> None:
    order: list[tuple[str, float]] = []

    async def main() -> None:
        gate = Gate(start=4, most=4)
        sources = iter([["first"], ["second"], []])

        async def fetch() -> list[str]:
            jobs = next(sources)
            if jobs == ["second"]:
                await asyncio.sleep(60)
            return jobs

        async def admit(job: str) -> bool:
            return True

        async def work(job: str, ticket: Ticket) -> None:
            gate.leave(ticket)
            order.append((job, asyncio.get_running_loop().time()))
            if job == "first":
                scheduler.again("back", 2)

        scheduler = Scheduler(LoopClock(), gate, fetch=fetch, admit=admit, work=work)
        await scheduler.run()
        await scheduler.settle(None)

    run_virtually(main())
    assert [(job, round(time, 3)) for job, time in order] == [("first", 0), ("back", 2), ("second", 60)]

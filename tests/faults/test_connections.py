"""What happens before a request leaves: names, ports, TLS, proxies, slots, and connections that were kept too long."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partialmethod
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.faults.calls import CALLS, CREATIONS, VIDEO, Call, Caller
from tests.faults.cells import LIMITS, Cell, caller, make
from tests.faults.certificates import HOST, client_context, server_context
from tests.faults.doors import Names, Proxy, closed_port, door, silence, slam
from tests.faults.streams import DIALECTS, Reading
from tikhub_async import Limits, TikHubAI, errors
from tikhub_async.testing import TEST_KEY, FakeClock, Reset
from tikhub_async.testing.faultserver import FIN, FaultServer, Pause, Seen, Step, head, whole

KINDS = list(CALLS)
ALL = [*CREATIONS, *(CALLS[kind] for kind in KINDS if kind != "C")]
every_call = pytest.mark.parametrize("call", ALL, ids=lambda call: call.name)


@asynccontextmanager
async def reached_by(
    names: Names, server: FaultServer, call: Call, folder: Path, **options: Any
) -> AsyncIterator[Caller]:
    """A client that finds the server by name."""
    server.serve(call.path, call.good)
    trust: ssl.SSLContext | bool = client_context() if server.origin.startswith("https") else True
    options.setdefault(
        "connector_factory", lambda: aiohttp.TCPConnector(resolver=names, ssl=trust, use_dns_cache=False, limit=0)
    )
    scheme = server.origin.partition(":")[0]
    server_url = server.url
    server.url = lambda path: f"{scheme}://{HOST}{path}"  # type: ignore[method-assign]
    try:
        async with caller(server, folder, base_url=f"{scheme}://{HOST}", **options) as who:
            yield who
    finally:
        server.url = server_url  # type: ignore[method-assign]


def assert_sent_again(call: Call, cell: Cell, server: FaultServer) -> None:
    """The call came through, and the server saw it once."""
    assert cell.error is None, cell.error
    assert call.is_right(cell.result)
    assert server.count == 1


def assert_unsent(cell: Cell, server: FaultServer) -> None:
    """The call failed, and says that nothing left."""
    assert server.count == 0
    error = cell.error
    assert isinstance(error, errors.TikHubError)
    assert not isinstance(error, errors.InDoubtError)
    assert not error.maybe_billed
    cause = error.earlier[-1] if isinstance(error, errors.DownloadError) else error
    assert isinstance(cause, errors.APIConnectionError)
    assert cause.attempts == 0


@pytest.fixture
def tls() -> ssl.SSLContext:
    context = server_context()
    if context is None:
        pytest.skip("openssl is not installed: there is no certificate to test with")
    return context


@every_call
@pytest.mark.parametrize("fault", ["DNS", "refused"])
async def test_what_was_not_sent_is_sent_again(call: Call, fault: str, tmp_path: Path) -> None:
    trouble: int | OSError = OSError("no such name") if fault == "DNS" else closed_port()
    async with FaultServer() as server, reached_by(Names(trouble, server.port), server, call, tmp_path) as who:
        assert_sent_again(call, await make(call, who), server)


@every_call
@pytest.mark.parametrize("fault", ["DNS", "refused"])
async def test_a_lasting_failure_to_connect_says_that_nothing_was_sent(call: Call, fault: str, tmp_path: Path) -> None:
    trouble: int | OSError = OSError("no such name") if fault == "DNS" else closed_port()
    async with FaultServer() as server, reached_by(Names(trouble), server, call, tmp_path) as who:
        assert_unsent(await make(call, who), server)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", [slam, silence], ids=["closes", "is silent"])
async def test_a_broken_handshake_is_tried_again(kind: str, fault: Any, tls: ssl.SSLContext, tmp_path: Path) -> None:
    call = CALLS[kind]
    async with (
        door(fault) as port,
        FaultServer(tls=tls) as server,
        reached_by(Names(port, server.port), server, call, tmp_path, timeout=LIMITS) as who,
    ):
        assert_sent_again(call, await make(call, who), server)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_wrong_certificate_is_an_error_at_once(kind: str, tls: ssl.SSLContext, tmp_path: Path) -> None:
    call = CALLS[kind]
    async with FaultServer(tls=tls) as server:
        names = Names(server.port)
        stranger = {"connector_factory": lambda: aiohttp.TCPConnector(resolver=names, use_dns_cache=False)}
        async with reached_by(names, server, call, tmp_path, **stranger) as who:
            cell = await make(call, who)
        assert_unsent(cell, server)
        assert "ertificate" in str(cell.error)
        assert names.asked == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_proxy_that_refuses_is_asked_again(kind: str, tls: ssl.SSLContext, tmp_path: Path) -> None:
    call = CALLS[kind]
    async with FaultServer(tls=tls) as server:
        proxy = Proxy(server.port, refusals=1)
        async with door(proxy) as port:
            way = {"connector_factory": None, "proxy": f"http://user:secret@127.0.0.1:{port}", "ssl": client_context()}
            async with reached_by(Names(0), server, call, tmp_path, **way) as who:
                assert_sent_again(call, await make(call, who), server)
    for asked in proxy.asked:
        assert asked.startswith(f"CONNECT {HOST}:443 ".encode())
        assert TEST_KEY.encode() not in asked


async def test_a_proxy_that_goes_on_refusing_is_named_without_its_password(tls: ssl.SSLContext, tmp_path: Path) -> None:
    call = CALLS["C"]
    async with FaultServer(tls=tls) as server, door(Proxy(server.port, refusals=99)) as port:
        way = {"connector_factory": None, "proxy": f"http://user:secret@127.0.0.1:{port}", "ssl": client_context()}
        async with reached_by(Names(0), server, call, tmp_path, **way) as who:
            cell = await make(call, who)
        assert_unsent(cell, server)
        assert "the proxy answered 403" in str(cell.error)
        assert "secret" not in repr(cell.error) + str(vars(cell.error))


@every_call
async def test_a_busy_pool_is_waited_for_again(call: Call, tmp_path: Path) -> None:
    async with FaultServer() as server:
        server.serve(call.path, call.good)
        limits = type(LIMITS)(pool=0.05, total=5.0, poll=5.0)
        async with caller(server, tmp_path, limits=Limits(connections=1), timeout=limits) as who:
            slots = who.client._session.transport.pools().slots
            await slots.acquire(None)
            asyncio.get_running_loop().call_later(0.08, slots.release)
            assert_sent_again(call, await make(call, who), server)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_kept_connection_that_is_reset(kind: str, tmp_path: Path) -> None:
    """A creation cannot meet this: it has a connection of its own. So has a deletion, which must know what happened."""
    call = CALLS[kind]
    async with FaultServer() as server:
        server.serve(call.path, call.good)
        async with caller(server, tmp_path) as who:
            assert (await make(call, who)).error is None
            server.script(call.path, Reset())
            cell = await make(call, who)
        connections = [seen.connection for seen in server.seen]
        if kind == "C":
            assert connections == [1, 2]
            assert isinstance(cell.error, errors.InDoubtError)
        else:
            assert cell.error is None, cell.error
            assert call.is_right(cell.result)
            assert connections[:2] == ([1, 2] if kind == "X" else [1, 1])


@pytest.mark.parametrize("call", CREATIONS, ids=lambda call: call.name)
async def test_creations_do_not_meet_connections_that_a_server_closes_without_a_word(
    call: Call, tmp_path: Path
) -> None:
    async with FaultServer() as server:
        assert not callable(call.good)
        server.serve(call.path, [*call.good, FIN])
        async with caller(server, tmp_path) as who:
            for _ in range(20):
                assert (await make(call, who)).error is None
        assert server.posts == 20


async def test_creations_have_fresh_connections_with_a_connector_of_the_callers_too(tmp_path: Path) -> None:
    call = CALLS["C"]
    async with FaultServer() as server:
        server.serve(call.path, call.good)
        async with caller(server, tmp_path, connector_factory=aiohttp.TCPConnector) as who:
            for _ in range(3):
                assert (await make(call, who)).error is None
        assert [seen.connection for seen in server.seen] == [1, 2, 3]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_tls_that_ends_without_goodbye_is_an_interruption(
    dialect: str, tls: ssl.SSLContext, tmp_path: Path
) -> None:
    """The fourth silent truncation: an abort looks like the end of a body that has no length."""
    parts = DIALECTS[dialect]
    events = parts.events([f"{number} " for number in range(9)])

    def abort(_: object) -> Iterator[Step]:
        yield head(content_type="text/event-stream")
        yield b"".join(events[:6])
        raise ConnectionAbortedError  # the server's handler drops the transport as it is

    async with FaultServer(tls=tls) as server:
        server.serve(parts.path, abort)
        call = Call("S", dialect, parts.path, whole(b""), lambda who: who.read(dialect))
        async with reached_by(Names(server.port), server, call, tmp_path) as who:
            server.serve(parts.path, abort)
            reading = who.reading = Reading(parts.open(who.client))
            with pytest.raises(errors.StreamInterrupted):
                await reading.to_the_end()
        assert reading.events == 6


async def test_loopback_is_never_asked_through_a_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port()}")
    call = CALLS["N"]
    async with FaultServer() as server:
        server.serve(call.path, call.good)
        async with caller(server, tmp_path, proxy="env") as who:
            assert (await make(call, who)).error is None


@pytest.mark.parametrize(
    ("listed", "host", "direct"),
    [
        ("", "ai.tikhub.io", False),
        ("tikhub.io", "ai.tikhub.io", True),
        (".tikhub.io , other", "ai.tikhub.io", True),
        ("hub.io", "ai.tikhub.io", False),
        ("*", "ai.tikhub.io", True),
        ("", "127.0.0.1", True),
        ("", "localhost", True),
    ],
)
async def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch, listed: str, host: str, direct: bool) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", listed)
    client = TikHubAI(api_key=TEST_KEY, proxy="env")
    pools = client._session.transport.pools()
    assert pools.proxy_for(host) == (None if direct else "http://proxy.example:3128")


@pytest.mark.parametrize("proxy", ["socks5://user:secret@proxy.example", "proxy.example:3128", "http://"])
def test_a_proxy_that_cannot_work_is_refused_without_showing_its_password(proxy: str) -> None:
    with pytest.raises(errors.ConfigError, match="not an http") as caught:
        TikHubAI(api_key=TEST_KEY, proxy=proxy)
    assert "secret" not in str(caught.value)


def stray(late: list[Step]) -> Callable[[Seen], list[Step]]:
    """Answers each request by its number; behind the first answer something follows that nobody asked for."""
    numbers = iter(range(1, 99))

    def answer(_: Seen) -> list[Step]:
        number = next(numbers)
        return [*whole(models(number)), *([Pause(0.02), *late] if number == 1 else [])]

    return answer


def models(number: int) -> bytes:
    return b'{"object": "list", "data": [{"id": "answer-%d"}]}' % number


@pytest.mark.parametrize(
    "late",
    [whole(models(66)), [head(408, length=2), b"no"], [b"HTTP/1.1 100 Continue\r\n\r\n"], [b"garbage\r\n\r\n"]],
    ids=["answer", "408", "100", "garbage"],
)
@pytest.mark.parametrize("ours", [True, False], ids=["our connector", "the caller's"])
async def test_what_comes_unasked_on_a_kept_connection_is_nobodys_answer(
    late: list[Step], ours: bool, tmp_path: Path
) -> None:
    """aiohttp keeps it, and hands it to the next request on that connection."""
    options: dict[str, Any] = {} if ours else {"connector_factory": aiohttp.TCPConnector}
    async with FaultServer() as server:
        server.serve("/v1/models", stray(late))
        async with caller(server, tmp_path, **options) as who:
            for number in range(1, 4):
                assert (await who.client.models.list()).ids == [f"answer-{number}"]
                await asyncio.sleep(0.05)
        assert server.count == 3


async def test_a_name_that_is_not_found_is_waited_for(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a connection that was kept is tried again at once: the server had closed it, and is not in trouble."""
    names = Names(OSError("no such name"))
    made = aiohttp.TCPConnector.__init__
    monkeypatch.setattr(aiohttp.TCPConnector, "__init__", partialmethod(made, resolver=names))
    client = TikHubAI(api_key=TEST_KEY, base_url="https://gateway.example", clock=clock, max_retries=2)
    client._session._random = lambda: 1.0
    began = clock.now()
    with pytest.raises(errors.APIConnectionError):
        await client.openai.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
    assert names.asked == 3
    assert clock.now() - began == pytest.approx(1.5)
    await client.aclose()


class Wordy(aiohttp.TCPConnector):
    """One of the callers' own, with another signature than its base; aiohttp passes these by name."""

    async def connect(self, req: aiohttp.ClientRequest, *, timeout: Any, traces: Any) -> Any:  # type: ignore[override]
        return await super().connect(req, traces, timeout)


async def test_a_connector_with_a_signature_of_its_own_connects(tmp_path: Path) -> None:
    async with FaultServer() as server:
        server.serve(CALLS["C"].path, CALLS["C"].good)
        server.script(CALLS["C"].path, Reset())
        async with caller(server, tmp_path, connector_factory=Wordy) as who:
            assert isinstance((await make(CALLS["C"], who)).error, errors.InDoubtError)
            assert (await make(CALLS["C"], who)).error is None
        assert server.posts == 2


class Confused(Names):
    """What the codec for names says of some."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:
        raise UnicodeError("label empty or too long")


async def test_a_name_that_the_resolver_cannot_read_is_an_unsent_call() -> None:
    client = TikHubAI(
        api_key=TEST_KEY,
        base_url="https://gateway.example",
        max_retries=0,
        connector_factory=lambda: aiohttp.TCPConnector(resolver=Confused(0)),
    )
    with pytest.raises(errors.APIConnectionError, match="label empty") as caught:
        await client.seedance.create(**VIDEO)
    assert caught.value.attempts == 0
    await client.aclose()


async def test_a_connector_that_was_closed_elsewhere_is_replaced_or_named() -> None:
    async with FaultServer() as server:
        server.serve("/v1/models", whole(models(1)))
        made: list[aiohttp.BaseConnector] = []

        def factory() -> aiohttp.BaseConnector:
            made.append(made[0] if len(made) > 1 else aiohttp.TCPConnector())
            return made[-1]

        async with TikHubAI(api_key=TEST_KEY, base_url=server.origin, connector_factory=factory) as client:
            await client.models.list()
            await made[0].close()
            await client.models.list()
            await made[1].close()
            with pytest.raises(errors.ConfigError, match="closed connector"):
                await client.models.list()


@pytest.mark.parametrize("option", ["session", "connector_factory"])
def test_what_belongs_to_another_loop_is_named(option: str) -> None:
    async def make() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    async def use(session: aiohttp.ClientSession) -> None:
        options: dict[str, Any] = {"session": session, "connector_factory": lambda: session.connector}
        client = TikHubAI(api_key=TEST_KEY, base_url="http://127.0.0.1:9", **{option: options[option]})
        with pytest.raises(errors.ConfigError, match="another event loop"):
            await client.models.list()

    loop = asyncio.new_event_loop()
    session = loop.run_until_complete(make())
    asyncio.run(use(session))
    loop.run_until_complete(session.close())
    loop.close()


async def test_a_closed_session_of_the_callers_is_named_at_once(clock: FakeClock) -> None:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        client = TikHubAI(api_key=TEST_KEY, session=session, clock=clock)
    began = clock.now()
    with pytest.raises(errors.ConfigError, match=r"session= .* is closed"):
        await client.models.list()
    assert clock.now() == began

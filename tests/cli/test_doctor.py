"""`tikhub-ai doctor`."""

import json

import pytest

from tests.cli.conftest import CommandLine
from tikhub_async._cli.output import ExitCode
from tikhub_async._cli.probing import ANSWERS, TROUBLE, UNCLEAR, endpoints
from tikhub_async._version import __version__
from tikhub_async.testing import TEST_KEY, Emulator, Error, Html, serve_in_thread


def test_it_says_what_is_installed_which_key_and_which_routes_answer(run: CommandLine, gateway: Emulator) -> None:
    done = run("doctor")
    assert done.code == ExitCode.OK
    assert f"tikhub-async    {__version__}" in done.lines
    assert f"base URL        {gateway.base_url} (TIKHUB_AI_BASE_URL)" in done.lines
    assert "key             from TIKHUB_AI_API_KEY" in done.lines
    assert "aiohttp" in done.out
    assert any(line.startswith("tls ") for line in done.lines)
    routes = [line for line in done.lines if line.startswith((ANSWERS, UNCLEAR))]
    assert len(routes) == len(endpoints())


def test_nothing_is_made_and_nothing_is_paid(run: CommandLine, gateway: Emulator) -> None:
    assert run("doctor").code == 0
    assert gateway.paid == []
    assert {request.method for request in gateway.requests} == {"GET", "POST"}
    assert all(
        request.body == b"{" and request.status != 200 for request in gateway.requests if request.method == "POST"
    )


def test_it_can_be_shown_to_anybody(run: CommandLine) -> None:
    for arguments in (("doctor",), ("doctor", "--json")):
        done = run(*arguments)
        assert TEST_KEY not in done.out + done.err
        assert TEST_KEY.removeprefix("sk-") not in done.out + done.err


def test_json_is_one_object(run: CommandLine) -> None:
    report = json.loads(run("doctor", "--json").out)
    assert report["tikhub-async"] == __version__
    assert {route["name"] for route in report["routes"]} == {endpoint.name for endpoint in endpoints()}
    unclear = {route["name"] for route in report["routes"] if route["verdict"] == UNCLEAR}
    assert unclear == {endpoint.name for endpoint in endpoints() if "{model}" in endpoint.path}
    assert {route["verdict"] for route in report["routes"]} == {ANSWERS, UNCLEAR}


def test_the_unmodified_software_lacks_routes(bare: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_in_thread(Emulator(profile="software")) as gateway:
        monkeypatch.setenv("TIKHUB_AI_API_KEY", TEST_KEY)
        report = json.loads(bare("doctor", "--json", "--base-url", gateway.base_url).out)
    absent = {route["name"] for route in report["routes"] if route["verdict"] == "no such route"}
    assert absent == {"seedance.create", "seedance.retrieve", "sora.list"}
    assert report["base URL"].endswith("(--base-url)")


def test_a_refused_key_is_said_so(run: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKHUB_AI_API_KEY", "sk-nobody")
    done = run("doctor")
    assert done.code == ExitCode.ACCESS
    assert "refuses the key" in done.out


def test_trouble_at_the_gateway(run: CommandLine, gateway: Emulator) -> None:
    gateway.script("models.list", Error(status=500))
    done = run("doctor")
    assert done.code == ExitCode.ERROR
    assert done.out.count(TROUBLE) == 1


def test_texts_of_the_gateway_are_not_shown(run: CommandLine, gateway: Emulator) -> None:
    gateway.script(
        "models.list", Error(status=403, code="insufficient_user_quota", message="user Alice has $0.10 left")
    )
    done = run("doctor")
    assert "Alice" not in done.out + done.err
    assert "insufficient_user_quota" in done.out


def test_a_text_in_the_place_of_a_code_is_not_shown(run: CommandLine, gateway: Emulator) -> None:
    gateway.script("models.list", Error(status=400, code=f"Alice's {TEST_KEY}", type="sk-secret"))
    done = run("doctor")
    assert "Alice" not in done.out
    assert "sk-" not in done.out
    assert "BadRequestError" in done.out


def test_a_page_instead_of_an_answer_is_no_route(run: CommandLine, gateway: Emulator) -> None:
    gateway.script("models.list", Html())
    assert run("doctor").out.count("no such route") == 1


def test_a_gateway_that_is_not_there(bare: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKHUB_AI_API_KEY", TEST_KEY)
    done = bare("doctor", "--base-url", "http://127.0.0.1:9")
    assert done.code == ExitCode.ERROR
    assert done.out.count("no answer") == len(endpoints())


def test_without_a_key_it_still_says_what_is_installed(bare: CommandLine) -> None:
    done = bare("doctor")
    assert done.code == ExitCode.ACCESS
    assert f"tikhub-async    {__version__}" in done.lines
    assert "TIKHUB_AI_API_KEY" in done.err

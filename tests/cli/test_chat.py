"""`tikhub-ai chat`."""

import json

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.processes import start
from tikhub_async._cli.chat import SPEAKERS
from tikhub_async._cli.output import ExitCode
from tikhub_async.testing import BROKE_KEY, TEST_KEY, Emulator, ErrorInStream, Truncate

SAID = "You said: “Hello”. This is {} inside the emulator: no model was asked and nothing was paid.\n"


@pytest.mark.parametrize("provider", SPEAKERS)
def test_the_answer_is_all_of_stdout(run: CommandLine, provider: str) -> None:
    model = {"openai": "gpt-5-mini", "claude": "claude-sonnet-4-5", "deepseek": "deepseek-chat"}[provider]
    done = run("chat", "Hello", "--provider", provider)
    assert (done.code, done.out) == (0, SAID.format(model))


def test_the_tokens_stand_on_stderr(run: CommandLine) -> None:
    assert run("chat", "Hello").err == "gpt-5-mini: 1 + 17 = 18 tokens\n"


def test_an_answer_cut_at_a_limit_is_named(run: CommandLine) -> None:
    assert run("chat", "Hello [[filter]]").err.endswith("tokens, ended by content_filter\n")


def test_what_is_asked(run: CommandLine, gateway: Emulator) -> None:
    run("chat", "Hello", "--model", "gpt-4o", "--system", "Be brief.")
    assert gateway.requests[-1].json == {
        "model": "gpt-4o",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_the_prompt_comes_from_stdin(run: CommandLine, gateway: Emulator) -> None:
    assert run("chat", stdin="a\nlong\nprompt").code == 0
    assert gateway.requests[-1].json["messages"] == [{"role": "user", "content": "a\nlong\nprompt"}]


def test_a_terminal_is_not_waited_for(run: CommandLine, gateway: Emulator) -> None:
    done = run("chat", terminal=True)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert "no prompt" in done.err
    assert not gateway.requests


def test_an_empty_prompt_is_refused(run: CommandLine, gateway: Emulator) -> None:
    assert run("chat", stdin=" \n").code == ExitCode.USAGE
    assert not gateway.requests


def test_no_stream_asks_for_the_whole(run: CommandLine, gateway: Emulator) -> None:
    done = run("chat", "Hello", "--no-stream")
    assert (done.code, done.out) == (0, SAID.format("gpt-5-mini"))
    assert "stream" not in gateway.requests[-1].json


@pytest.mark.parametrize("mode", [(), ("--no-stream",)], ids=["streamed", "whole"])
def test_json_is_one_line_with_the_whole_answer(run: CommandLine, mode: tuple[str, ...]) -> None:
    done = run("chat", "Hello", "--json", *mode)
    assert done.code == 0
    (line,) = done.lines
    answer = json.loads(line)
    assert answer["choices"][0]["message"]["content"] == SAID.format("gpt-5-mini").rstrip("\n")
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["total_tokens"] == 18
    assert None not in answer.values()


def test_a_stream_that_breaks_off_is_not_taken_for_an_answer(run: CommandLine, gateway: Emulator) -> None:
    gateway.script("chat.completions", Truncate(after_events=4))
    done = run("chat", "Hello")
    assert done.code == ExitCode.IN_DOUBT
    assert done.out == "You said: “Hello”.\n"
    assert done.err.startswith("error: the connection failed")


def test_what_arrived_of_a_broken_stream_is_in_the_json(run: CommandLine, gateway: Emulator) -> None:
    gateway.script("chat.completions", Truncate(after_events=4))
    done = run("chat", "Hello", "--json")
    assert done.code == ExitCode.IN_DOUBT
    (choice,) = json.loads(done.out)["choices"]
    assert choice["message"]["content"] == "You said: “Hello”."
    assert "finish_reason" not in choice


def test_an_error_inside_the_stream_ends_it(run: CommandLine, gateway: Emulator) -> None:
    gateway.script("chat.completions", ErrorInStream(after_events=4))
    done = run("chat", "Hello")
    assert done.code == ExitCode.IN_DOUBT
    assert done.out == "You said: “Hello”.\n"
    assert "Overloaded" in done.err


@pytest.mark.parametrize("key", ["sk-unknown", BROKE_KEY], ids=["unknown", "no balance"])
def test_a_key_that_may_not(run: CommandLine, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("TIKHUB_AI_API_KEY", key)
    done = run("chat", "Hello")
    assert (done.code, done.out) == (ExitCode.ACCESS, "")
    assert key not in done.err


def test_an_unknown_model_is_a_refusal_with_a_hint(run: CommandLine) -> None:
    done = run("chat", "Hello", "--model", "gpt-nobody")
    assert (done.code, done.out) == (ExitCode.ERROR, "")
    assert "gpt-nobody" in done.err
    assert "\n  → " in done.err


def test_the_base_url_on_the_command_line_wins(
    run: CommandLine, gateway: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIKHUB_AI_BASE_URL", "http://127.0.0.1:9")
    assert run("chat", "Hello", "--base-url", gateway.base_url).code == 0


def test_a_base_url_that_cannot_work_is_wrong_usage(run: CommandLine) -> None:
    assert run("chat", "Hello", "--base-url", "ftp://example.org").code == ExitCode.USAGE


def test_a_reader_that_leaves_early_ends_it_quietly(gateway: Emulator) -> None:
    gateway.pace = 0.001
    env = {"TIKHUB_AI_BASE_URL": gateway.base_url, "TIKHUB_AI_API_KEY": TEST_KEY}
    with start("chat", "Hello [[words=50000]]", env=env) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(8) == "You said"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == ExitCode.PIPE

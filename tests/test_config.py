"""Client options: what is refused, what comes from the environment, and where a key can be seen."""

import copy
import pickle
import traceback

import pytest

from tikhub_async import RetryPolicy, TikHubAI, Timeouts, errors
from tikhub_async._config import Secret, read_proxy

KEY = "sk-" + "k" * 48


def test_the_own_variable_comes_before_the_official_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKHUB_API_KEY", "sk-other")
    assert "key from TIKHUB_API_KEY" in repr(TikHubAI())
    monkeypatch.setenv("TIKHUB_AI_API_KEY", KEY)
    assert "key from TIKHUB_AI_API_KEY" in repr(TikHubAI())
    assert "key from the api_key argument" in repr(TikHubAI(api_key=KEY))


def test_without_a_key_the_error_names_the_variable_and_the_emulator() -> None:
    with pytest.raises(errors.ConfigError, match=r"TIKHUB_AI_API_KEY.*demo"):
        TikHubAI()


@pytest.mark.parametrize("bad", ["", "   ", "sk-ключ", "sk-a b", "sk-a\nX-Evil: 1", "sk-\x00"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(bad: str) -> None:
    with pytest.raises(errors.ConfigError) as caught:
        TikHubAI(api_key=bad)
    assert not bad.strip() or bad not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://ai.tikhub.io", "https://ai.tikhub.io"),
        ("https://ai.tikhub.io/", "https://ai.tikhub.io"),
        ("https://ai.tikhub.io/v1", "https://ai.tikhub.io"),
        ("https://proxy.example/tikhub/v1/", "https://proxy.example/tikhub"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_base_url_is_tidied(url: str, expected: str) -> None:
    assert TikHubAI(api_key=KEY, base_url=url).base_url == expected


@pytest.mark.parametrize(
    "url",
    [
        "ai.tikhub.io",
        "user:pass@x.io",
        "ftp://x",
        "https://",
        "https://[::1",
        "https://x.io:pass",
        "https://x.io:99999",
        "https://x..io",
        "https://ü.io",
        "https://xn--.io",
        "https://x\u200b.io",
        "https://user:pass@x.io",
        "https://x.io?key=1",
        "http://x.io",
    ],
)
def test_a_base_url_that_cannot_work_or_would_leak_is_refused(url: str) -> None:
    with pytest.raises(errors.ConfigError) as caught:
        TikHubAI(api_key=KEY, base_url=url)
    assert "pass" not in caught.value.message
    assert caught.value.hint
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("url", ["socks5://x:1080", "x:8080", "http://[::1", "http://x:pass"])
def test_a_proxy_that_cannot_work_is_refused(url: str) -> None:
    with pytest.raises(errors.ConfigError) as caught:
        TikHubAI(api_key=KEY, proxy=url)
    assert "pass" not in caught.value.message


def test_an_address_without_a_scheme_is_quoted_as_it_was_given() -> None:
    with pytest.raises(errors.ConfigError, match=r"'ai\.tikhub\.io' is not an"):
        TikHubAI(api_key=KEY, base_url="ai.tikhub.io")


def test_plain_http_can_be_asked_for() -> None:
    assert TikHubAI(api_key=KEY, base_url="http://10.0.0.1", allow_insecure=True).base_url == "http://10.0.0.1"


def test_the_base_url_variable_is_read_at_construction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKHUB_AI_BASE_URL", "https://other.example")
    assert TikHubAI(api_key=KEY).base_url == "https://other.example"


@pytest.mark.parametrize("options", [{"timeout": 0}, {"timeout": -1}, {"max_retries": -1}, {"timeout": float("nan")}])
def test_limits_that_cannot_work_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(errors.ConfigError):
        TikHubAI(api_key=KEY, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["Authorization", "x-api-key", "X-Goog-Api-Key"])
def test_a_key_among_the_default_headers_is_refused_without_being_shown(name: str) -> None:
    with pytest.raises(errors.ConfigError, match="the key is set by the client") as caught:
        TikHubAI(api_key=KEY, default_headers={name: "Bearer sk-other"})
    assert "sk-other" not in str(caught.value)


def test_an_unknown_key_header_is_refused() -> None:
    with pytest.raises(errors.ConfigError, match="key_header must be"):
        TikHubAI(api_key=KEY, key_header="X-API-Key")  # type: ignore[arg-type]


def test_options_are_taken_over() -> None:
    client = TikHubAI(api_key=KEY, timeout=5, max_retries=7, retries=RetryPolicy(base=2.0))
    config = client._session.config
    assert (config.timeouts.total, config.retries.max_retries, config.retries.base) == (5.0, 7, 2.0)
    assert TikHubAI(api_key=KEY, timeout=Timeouts(idle=None))._session.config.timeouts.idle is None


def test_a_key_shows_nowhere() -> None:
    secret = Secret(KEY, "a test")
    client = TikHubAI(api_key=KEY)
    assert KEY not in repr(secret) + str(secret) + repr(client) + repr(client._session.config)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(secret)
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.deepcopy(secret)
    try:
        config = client._session.config
        raise RuntimeError(config.base_url)
    except RuntimeError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert KEY not in shown


def test_proxies_are_read_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    assert read_proxy(None) is None
    assert read_proxy("http://mine:2") == "http://mine:2"
    assert read_proxy("env") == "http://proxy:1"

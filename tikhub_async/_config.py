"""The client's options: frozen, checked once, and the only reader of environment variables."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import SplitResult, urlsplit

import msgspec

from tikhub_async._version import __version__
from tikhub_async.errors import ConfigError

if TYPE_CHECKING:
    from tikhub_async.telemetry import Hooks

USER_AGENT = f"tikhub-async/{__version__}"
KEY_HEADERS = frozenset({"authorization", "x-api-key", "x-goog-api-key"})
"""Set by the client alone."""
DEFAULT_BASE_URL = "https://ai.tikhub.io"
KEY_VARIABLES = ("TIKHUB_AI_API_KEY", "TIKHUB_API_KEY")
"""Our own name first; the second is the one of TikHub's social-data API, whose keys may not work here."""
BASE_URL_VARIABLE = "TIKHUB_AI_BASE_URL"
LOG_VARIABLE = "TIKHUB_AI_LOG"
PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Secret:
    """A key that shows itself nowhere: not in repr, not in a pickle."""

    __slots__ = ("_value", "source")

    def __init__(self, value: str, source: str) -> None:
        self._value = value
        self.source = source
        """Where the key came from: the argument or the name of a variable."""

    def reveal(self) -> str:
        """The key itself; called where it is put on the wire and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret('***', from {self.source})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a key cannot be pickled: let each process read it from its own environment")


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Limits in seconds; None means no limit. Waiting for a free connection counts in none but `pool`."""

    pool: float | None = 10.0
    """Waiting for a free connection."""
    connect: float | None = 10.0
    """DNS, TCP and TLS of a new connection."""
    first_byte: float | None = 300.0
    """From the request to the answer's headers: streams, creations, downloads."""
    answer: float | None = 600.0
    """From the request to the answer's headers when the model answers in one piece."""
    idle: float | None = 300.0
    """Between two data events of a stream, or two reads of a body. Heartbeat comments do not count as data."""
    comments_are_data: bool = False
    """True lets heartbeat comments (`: PING`) feed `idle`."""
    total: float | None = 600.0
    """A whole call, retries included. Streams and downloads have no total limit by default."""
    poll: float | None = 30.0
    """One look at a task, or at a list; `total` bounds it too."""


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often, and how patiently, a call is sent again. What may be sent again at all is in `_retry`."""

    max_retries: int = 2
    """Attempts after the first one. Looks at tasks go on to their deadline."""
    resend_ambiguous: bool = True
    """One more attempt for chat, embeddings and transcription after a drop that may have been billed."""
    base: float = 0.5
    """First backoff ceiling, seconds; doubles with every attempt (full jitter)."""
    cap: float = 20.0
    """Longest backoff, seconds."""
    retry_after_cap: float = 60.0
    """Longest `Retry-After` that is waited for, seconds; a longer one ends the call at once."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one client may have open at once."""

    connections: int = 1000
    """API calls and streams in flight per event loop; further ones wait, at most `Timeouts.pool`."""
    keepalive: float = 15.0
    """Seconds an idle connection is kept."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a client was told, checked."""

    api_key: Secret
    base_url: str = DEFAULT_BASE_URL
    timeouts: Timeouts = Timeouts()
    retries: RetryPolicy = RetryPolicy()
    default_headers: tuple[tuple[str, str], ...] = ()
    key_header: Literal["bearer", "x-api-key"] = "bearer"
    """How `/v1/messages` carries the key; every other route always takes `Authorization: Bearer`."""
    routes: tuple[tuple[str, str], ...] = ()
    """Paths that replace the built-in ones, by endpoint name."""
    lenient_streams: bool = False
    """True accepts a cleanly closed stream without its protocol's end."""
    kling_metadata: bool = False
    """True sends Kling bodies in the form that the unmodified gateway software accepts."""
    max_json_bytes: int = 64 * 2**20
    """Largest JSON body that is read, bytes after decompression."""
    max_event_bytes: int = 8 * 2**20
    """Largest single event of a stream, bytes."""
    hooks: "tuple[Hooks, ...]" = ()
    """What watches every call."""

    def route(self, name: str, path: str) -> str:
        """The path of an endpoint, the caller's where they gave one."""
        for known, replacement in self.routes:
            if known == name:
                return replacement
        return path


def hidden(key: str | None) -> Secret | None:
    """A key as it was given, unchecked, for a function that may raise: a traceback with locals would show a text."""
    return None if key is None else Secret(key, "the api_key argument")


def make_config(
    *,
    api_key: str | Secret | None = None,
    base_url: str | None = None,
    allow_insecure: bool = False,
    timeout: float | Timeouts | None = None,
    max_retries: int | None = None,
    retries: RetryPolicy | None = None,
    default_headers: Mapping[str, str] | None = None,
    key_header: str = "bearer",
    routes: Mapping[str, str] | None = None,
    **plain: Any,
) -> Config:
    """Check a client's options and fill in what they leave out from the environment.

    Raises:
        ConfigError: An option is missing or cannot work.
    """
    return Config(
        api_key=read_key(api_key),
        base_url=check_base_url(base_url or os.environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL, allow_insecure),
        timeouts=check_timeouts(timeout),
        retries=check_retries(max_retries, retries or RetryPolicy()),
        default_headers=check_headers(default_headers or {}),
        key_header=check_key_header(key_header),
        routes=tuple((routes or {}).items()),
        **plain,
    )


def read_key(given: str | Secret | None) -> Secret:
    """The key from the argument, else from the first variable that is set.

    Raises:
        ConfigError: There is none, or it cannot be sent.
    """
    if given is not None:
        return _checked_key(given if isinstance(given, Secret) else Secret(given, "the api_key argument"))
    for variable in KEY_VARIABLES:
        if os.environ.get(variable):
            return _checked_key(Secret(os.environ[variable], variable))
    raise ConfigError(
        "no API key was given",
        hint=f"pass api_key=…, or set {KEY_VARIABLES[0]}; to try without a key, run `tikhub-ai demo` or use "
        "tikhub_async.testing.Emulator",
    )


def _checked_key(key: Secret) -> Secret:
    # No local of a frame that raises holds the text of the key.
    key = Secret(key.reveal().strip(), key.source)
    if not key.reveal():
        raise ConfigError(
            f"the API key from {key.source} is empty", hint="leave it out, or give the key of the console"
        )
    if not (key.reveal().isascii() and key.reveal().isprintable()) or " " in key.reveal():
        # The text must not quote the value: it may be a real key with a stray character.
        raise ConfigError(
            f"the API key from {key.source} has characters that cannot be sent in a header",
            hint="copy it again from the console; keys look like sk- followed by 48 letters and digits",
        )
    return key


def check_base_url(url: str, allow_insecure: bool) -> str:
    """A base URL without a trailing slash, https unless loopback or asked for.

    Raises:
        ConfigError: It is no http(s) URL, holds more than host and path, or would send the key unencrypted.
    """
    parts = _split(url, "base_url", hint=f"as {DEFAULT_BASE_URL}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(
            f"base_url {_without_credentials(parts)!r} must not hold credentials, a query or a fragment",
            hint="the key goes into api_key, a query into extra_query of a call",
        )
    if parts.scheme == "http" and parts.hostname not in LOOPBACK and not allow_insecure:
        raise ConfigError(
            f"base_url {url!r} would send the key and all prompts unencrypted",
            hint="use https, or pass allow_insecure=True if this network is yours",
        )
    path = parts.path.rstrip("/")
    # Pasted from a client that appends /chat/completions itself; doubled paths answer 200 with HTML here.
    path = path.removesuffix("/v1")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _split(url: str, source: str, hint: str) -> SplitResult:
    """The parts of an http(s) URL.

    Raises:
        ConfigError: It is none.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_host = host.isascii() and host.isprintable() and bool(host.encode("idna").decode("idna"))
        is_web = parts.scheme in {"http", "https"} and is_host and parts.port != 0
    except ValueError:  # brackets that do not close, a port that is no number, a name with an empty label
        raise ConfigError(f"{source} is not an http(s) URL", hint=hint) from None  # unquoted: it may hold a password
    if not is_web:
        raise ConfigError(f"{source} {_without_credentials(parts)!r} is not an http(s) URL", hint=hint)
    return parts


def _without_credentials(parts: SplitResult) -> str:
    scheme, mark, rest = parts._replace(query="", fragment="").geturl().rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


def check_headers(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Headers for every call.

    Raises:
        ConfigError: One of them would carry a key.
    """
    for name in headers:
        if name.lower() in KEY_HEADERS:
            raise ConfigError(f"default_headers[{name!r}]: the key is set by the client", hint="pass api_key=…")
    return tuple(headers.items())


def check_key_header(word: str) -> Literal["bearer", "x-api-key"]:
    """How `/v1/messages` carries the key.

    Raises:
        ConfigError: In no way that is known.
    """
    if word in {"bearer", "x-api-key"}:
        return "bearer" if word == "bearer" else "x-api-key"
    raise ConfigError(f"key_header must be 'bearer' or 'x-api-key', got {word!r}", hint="leave it out for 'bearer'")


def check_timeouts(timeout: float | Timeouts | None) -> Timeouts:
    """`Timeouts` as given; a number is the total for calls that are not streamed.

    Raises:
        ConfigError: The number is not above 0.
    """
    if timeout is None:
        return Timeouts()
    if isinstance(timeout, Timeouts):
        return timeout
    if not timeout > 0:
        raise ConfigError(f"timeout must be > 0 seconds, got {timeout!r}", hint="Timeouts(total=None) sets no limit")
    return Timeouts(total=float(timeout))


def check_retries(max_retries: int | None, policy: RetryPolicy) -> RetryPolicy:
    """The policy, with another `max_retries` where one is given.

    Raises:
        ConfigError: It is negative.
    """
    if max_retries is None:
        return policy
    if max_retries < 0:
        raise ConfigError(f"max_retries must be >= 0, got {max_retries!r}", hint="0 sends everything once")
    return msgspec.structs.replace(policy, max_retries=max_retries)


def read_proxy(proxy: str | None) -> str | None:
    """A proxy URL: as given, or from the usual variables for `"env"`.

    aiohttp's `trust_env` is never used: it also reads netrc and puts foreign credentials on requests.

    Raises:
        ConfigError: It is no http(s) URL.
    """
    value, source = proxy, "proxy"
    if proxy == "env":
        source = next((name for name in PROXY_VARIABLES if os.environ.get(name)), "")
        value = os.environ.get(source)
    if not value:
        return None
    _split(value, source, hint="for SOCKS pass connector_factory= with a connector that speaks it")
    return value


def read_log_level() -> str | None:
    """What `TIKHUB_AI_LOG` asks for; None where it is not set."""
    return os.environ.get(LOG_VARIABLE) or None


def read_no_proxy(proxy: str | None) -> str:
    """Hosts to ask without the proxy: for `"env"` what the usual variable says, and always this machine."""
    if proxy != "env":
        return ""
    listed = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    return ",".join((listed, *sorted(LOOPBACK)))

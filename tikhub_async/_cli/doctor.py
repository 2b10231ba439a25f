"""`tikhub-ai doctor`: what a bug report needs, without anything secret."""

import os
import platform
import sys
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from tikhub_async._cli import output
from tikhub_async._cli.options import Flag
from tikhub_async._cli.output import ExitCode
from tikhub_async._version import __version__

if TYPE_CHECKING:
    from tikhub_async import TikHubAI
    from tikhub_async._cli.probing import Finding

NEEDED = ("aiohttp", "msgspec", "anyio")
OPTIONAL = ("cyclopts", "rich", "aiolimiter", "distributed", "opentelemetry-util-genai", "filetype", "uvloop")


def doctor(*, json: Flag = False, base_url: str | None = None) -> ExitCode:
    """Look at what is installed, which key is used, and which routes answer.

    The output can be pasted into a bug report: it holds no key, no account and no text of the gateway. Nothing is paid:
    routes are asked for things that do not exist, or with a body that is no JSON; that of a deletion is left alone.

    Args:
        json: Print one JSON object.
        base_url: The gateway. Default: TIKHUB_AI_BASE_URL, else https://ai.tikhub.io.
    """
    from tikhub_async._cli.client import run
    from tikhub_async._config import KEY_VARIABLES

    here = _here()
    if not any(os.environ.get(name) for name in KEY_VARIABLES):
        _tell(here, json=json)
        output.note(f"no key, so no route was asked: set {KEY_VARIABLES[0]}")
        return ExitCode.ACCESS

    async def look(client: "TikHubAI") -> ExitCode:
        from tikhub_async._cli.probing import ask_all

        there = _there(client, base_url)
        findings = await ask_all(client)
        _tell({**here, **there, "routes": [asdict(finding) for finding in findings]}, json=json)
        return _code(findings)

    return run(look, base_url)


def _here() -> dict[str, Any]:
    """What is installed."""
    import ssl  # not for `--help`

    return {
        "tikhub-async": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "tls": ssl.OPENSSL_VERSION,
        "encoding": sys.stdout.encoding,
        "packages": {name: found for name in (*NEEDED, *OPTIONAL) if (found := _version(name))},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _there(client: "TikHubAI", base_url: str | None) -> dict[str, Any]:
    """Which gateway, with which key."""
    from tikhub_async._config import BASE_URL_VARIABLE, PROXY_VARIABLES

    key = client._config.api_key
    source = "--base-url" if base_url else BASE_URL_VARIABLE if os.environ.get(BASE_URL_VARIABLE) else "default"
    return {
        "base URL": f"{client.base_url} ({source})",
        "key": f"from {key.source}",
        "proxy variables": ", ".join(name for name in PROXY_VARIABLES if os.environ.get(name)) or "none",
    }


def _tell(report: dict[str, Any], *, json: bool) -> None:
    if json:
        import msgspec

        output.line(msgspec.json.encode(report).decode())
        return
    for name, value in report.items():
        if name == "packages":
            output.line(f"{name:16}{', '.join(f'{package} {found}' for package, found in value.items())}")
        elif name == "routes":
            output.line()
            for row in value:
                _tell_route(row)
        else:
            output.line(f"{name:16}{value}")


def _tell_route(row: dict[str, Any]) -> None:
    status = "" if row["status"] is None else row["status"]
    output.line(
        f"{row['verdict']:16}{row['name']:40}{status!s:>3}  {row['word']:26}{row['seconds'] * 1000:6.0f} ms  "
        f"{row['method']} {row['path']}"
    )


def _code(findings: "list[Finding]") -> ExitCode:
    """As the first route, the list of models, was answered: the others may be missing at a gateway."""
    from tikhub_async._cli.probing import ANSWERS, REFUSES

    first = findings[0].verdict
    return ExitCode.OK if first == ANSWERS else ExitCode.ACCESS if first == REFUSES else ExitCode.ERROR

"""The neutral servers: nginx for bytes that never change, a small C program for events with a pace. Neither is measured."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import _payloads as payloads

HERE = Path(__file__).parent / "servers"

ROUTES = {
    "/v1/chat/completions": "chat.json",
    "/v1/messages": "claude.json",
    "/v1/embeddings": "floats.json",
    "/base64/v1/embeddings": "base64.json",
    "/stream/v1/chat/completions": "chat.sse",
    "/stream/v1/responses": "responses.sse",
    "/stream/v1/messages": "claude.sse",
    "~ ^/v1beta/models/[^/]*:generateContent$": "gemini.json",
    "~ ^/stream/v1beta/models/[^/]*:streamGenerateContent$": "gemini.sse",
    "~ ^/v1/videos/[^/]*$": "task.json",
    "~ ^/done/v1/videos/[^/]*$": "done.json",
    "~ ^/done/v1/videos/[^/]*/content$": "video.mp4",
}
"""Locations as nginx spells them; the prefix of a base URL chooses between answers of the same path."""


def write_files(folder: Path) -> None:
    """All bodies, as files."""
    bodies = {
        "chat.json": payloads.chat_answer(),
        "claude.json": payloads.claude_answer(),
        "gemini.json": payloads.gemini_answer(),
        "task.json": payloads.task_answer(),
        "done.json": payloads.task_answer(done=True),
        "floats.json": payloads.embeddings_answer("float"),
        "base64.json": payloads.embeddings_answer("base64"),
        "chat.sse": payloads.chat_stream(),
        "responses.sse": payloads.responses_stream(),
        "claude.sse": payloads.claude_stream(),
        "gemini.sse": payloads.gemini_stream(),
        "short.sse": payloads.chat_stream(100, stamped=True),
        "idle.sse": payloads.chat_stream(8, stamped=True),
    }
    for name, body in bodies.items():
        (folder / name).write_bytes(body)
    with (folder / "video.mp4").open("wb") as file:
        file.truncate(payloads.FILE_BYTES)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder with all bodies that every user may read (nginx drops its rights)."""
    with tempfile.TemporaryDirectory(prefix="tikhub-bench-") as made:
        path = Path(made)
        path.chmod(0o755)
        write_files(path)
        yield path


def find_nginx() -> str | None:
    """nginx, which Debian puts where only root's PATH looks."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")


@contextmanager
def static(bodies: Path) -> Iterator[str]:
    """Base URL of a server of `ROUTES`: nginx where it is installed, else one of asyncio."""
    nginx = find_nginx()
    if nginx is None:
        command = [sys.executable, "-m", "benchmarks.servers.static", str(bodies)]
        with _running(command) as port:
            yield f"http://127.0.0.1:{port}"
        return
    port = _free_port()
    config = bodies / "nginx.conf"
    config.write_text(_nginx_config(bodies, port))
    server = subprocess.Popen([nginx, "-c", str(config), "-g", "daemon off;"], stderr=subprocess.DEVNULL)
    try:
        asyncio.run(_answers(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _nginx_config(bodies: Path, port: int) -> str:
    temporary = "\n".join(
        f"{name}_temp_path {bodies}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # A POST to a file is 405 for nginx; turned into 200 it serves the file all the same.
    locations = "\n".join(
        f"location {route if route.startswith('~') else f'= {route}'} "
        f"{{ error_page 405 =200 /{name}; if ($request_method = POST) {{ return 405; }} try_files /{name} =404; }}"
        for route, name in ROUTES.items()
    )
    return f"""
worker_processes 1;
pid {bodies}/nginx.pid;
error_log {bodies}/error.log;
events {{ worker_connections 8192; }}
http {{
access_log off;
{temporary}
types {{ application/json json; text/event-stream sse; video/mp4 mp4; }}
sendfile on;
tcp_nodelay on;
open_file_cache max=100;
keepalive_requests 100000000;
keepalive_timeout 600;
client_body_buffer_size 1m;
add_header X-Oneapi-Request-Id 20261124000000000000000abc always;
server {{
listen 127.0.0.1:{port} backlog=4096;
root {bodies};
{locations}
}}
}}
"""


@contextmanager
def events(bodies: Path, name: str, interval: float) -> Iterator[str]:
    """Base URL of a server that answers everything with one stream, an HTTP chunk and a write per event.

    Args:
        bodies: The folder of `folder()`.
        name: The stream's file in it.
        interval: Seconds between two events; 0 sends them all at once.
    """
    arguments = ["0", str(bodies / name), str(round(interval * 1e6))]
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        command = [sys.executable, "-m", "benchmarks.servers.events", *arguments]
    else:
        program = bodies / "events"
        if not program.exists():
            subprocess.run([compiler, "-O2", "-o", str(program), str(HERE / "events.c")], check=True)
        command = [str(program), *arguments]
    with _running(command) as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(command: list[str]) -> Iterator[int]:
    """The port of a server that says `listening <port>` first."""
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        said = re.fullmatch(r"listening (\d+)\n", server.stdout.readline())
        assert said is not None, f"{command} did not start"
        yield int(said[1])
    finally:
        server.terminate()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _answers(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    raise RuntimeError("nginx did not start")

"""`tikhub-ai models`."""

import json

from tests.cli.conftest import CommandLine
from tikhub_async.testing import Emulator


def test_one_name_per_line(run: CommandLine, gateway: Emulator) -> None:
    done = run("models")
    assert (done.code, done.err) == (0, f"{len(gateway.models)} models\n")
    assert done.lines == sorted(gateway.models)


def test_json_is_one_object_per_line(run: CommandLine, gateway: Emulator) -> None:
    done = run("models", "--json")
    assert {json.loads(line)["id"] for line in done.lines} == set(gateway.models)

"""The tables of what each exchange should bring to a caller: the first row whose pattern fits an id counts."""

from fnmatch import fnmatchcase

from tests.conformance.expected.access import AUTH, QUOTA, ROUTING, TIKHUB
from tests.conformance.expected.language import CHAT, GEMINI, MESSAGES, RESPONSES, REST
from tests.conformance.expected.listed import LISTED
from tests.conformance.expected.own import OWN
from tests.conformance.expected.tasks import CREATIONS, LOOKS
from tests.conformance.outcomes import Outcome

EXPECTED: tuple[tuple[str, Outcome], ...] = (
    *AUTH,
    *QUOTA,
    *ROUTING,
    *TIKHUB,
    *CHAT,
    *RESPONSES,
    *MESSAGES,
    *GEMINI,
    *REST,
    *CREATIONS,
    *LOOKS,
    *OWN,
)


def row_of(name: str) -> tuple[str, Outcome] | None:
    """The row of an exchange, None where no table has one."""
    return next((row for row in EXPECTED if fnmatchcase(name, row[0])), None)


def reason_of(name: str) -> str | None:
    """Why an exchange cannot be replayed; None for those that are."""
    return next((reason for pattern, reason in LISTED if fnmatchcase(name, pattern)), None)

"""What is sent again, after how long, and when the quota says no: the table of `_retry`, cell by cell."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikhub_async import errors
from tikhub_async._config import RetryPolicy
from tikhub_async._retry import Attempt, Outcome, RetryQuota, classify, limit_of, may_resend, wait_before
from tikhub_async._wire.request import Kind

POLICY = RetryPolicy()
BODY = {"error": {"message": "x"}}


def status(
    code: int,
    word: str | None = None,
    kind: type[errors.APIStatusError] = errors.APIStatusError,
    retry_after: float | None = None,
) -> errors.APIStatusError:
    return kind("x", status_code=code, code=word, body=BODY, retry_after=retry_after)


CASES: dict[str, tuple[errors.TikHubError, bool, Outcome, dict[Kind, bool]]] = {}


def case(
    name: str, error: errors.TikHubError, *, sent: bool, outcome: Outcome, c: bool, g: bool, r: bool, d: bool
) -> None:
    CASES[name] = (error, sent, outcome, {Kind.CREATE: c, Kind.GENERATE: g, Kind.READ: r, Kind.DELETE: d})


case("refused, DNS", errors.APIConnectionError("x"), sent=False, outcome=Outcome.UNSENT, c=True, g=True, r=True, d=True)
case(
    "certificate",
    errors.APIConnectionError("x", stage="certificate"),
    sent=False,
    outcome=Outcome.UNSENT,
    c=False,
    g=False,
    r=False,
    d=False,
)
case(
    "429", status(429, kind=errors.RateLimitError), sent=True, outcome=Outcome.REJECTED, c=True, g=True, r=True, d=True
)
case(
    "400",
    status(400, kind=errors.BadRequestError),
    sent=True,
    outcome=Outcome.REJECTED,
    c=False,
    g=False,
    r=False,
    d=False,
)
case(
    "401",
    status(401, kind=errors.AuthenticationError),
    sent=True,
    outcome=Outcome.REJECTED,
    c=False,
    g=False,
    r=False,
    d=False,
)
case(
    "500 invalid_request",
    status(500, "invalid_request", errors.BadRequestError),
    sent=True,
    outcome=Outcome.REJECTED,
    c=False,
    g=False,
    r=False,
    d=False,
)
case(
    "503 model_not_found",
    status(503, "model_not_found", errors.NotFoundError),
    sent=True,
    outcome=Outcome.REJECTED,
    c=False,
    g=False,
    r=False,
    d=False,
)
case(
    "503 gateway overloaded",
    status(503, "system_cpu_overloaded", errors.OverloadedError),
    sent=True,
    outcome=Outcome.REJECTED,
    c=False,
    g=True,
    r=True,
    d=True,
)
case(
    "500 do_request_failed",
    status(500, "do_request_failed", errors.InternalServerError),
    sent=True,
    outcome=Outcome.IN_DOUBT,
    c=False,
    g=True,
    r=True,
    d=True,
)
case(
    "500 of the provider",
    status(500, kind=errors.InternalServerError),
    sent=True,
    outcome=Outcome.IN_DOUBT,
    c=False,
    g=True,
    r=True,
    d=True,
)
case(
    "504",
    status(504, kind=errors.InternalServerError),
    sent=True,
    outcome=Outcome.IN_DOUBT,
    c=False,
    g=True,
    r=True,
    d=True,
)
case(
    "408",
    status(408, kind=errors.BadRequestError),
    sent=True,
    outcome=Outcome.IN_DOUBT,
    c=False,
    g=True,
    r=True,
    d=True,
)
case(
    "409", status(409, kind=errors.ConflictError), sent=True, outcome=Outcome.IN_DOUBT, c=False, g=True, r=True, d=True
)
case(
    "fail_to_fetch_task 500",
    status(500, "fail_to_fetch_task", errors.InternalServerError),
    sent=True,
    outcome=Outcome.IN_DOUBT,
    c=False,
    g=True,
    r=True,
    d=True,
)
case(
    "fail_to_fetch_task 400",
    status(400, "fail_to_fetch_task", errors.BadRequestError),
    sent=True,
    outcome=Outcome.REJECTED,
    c=False,
    g=False,
    r=False,
    d=False,
)
case(
    "201 fail_to_fetch_task",
    status(201, "fail_to_fetch_task", errors.InternalServerError),
    sent=True,
    outcome=Outcome.IN_DOUBT,
    c=False,
    g=False,
    r=False,
    d=False,
)
case("dropped", errors.APIConnectionError("x"), sent=True, outcome=Outcome.IN_DOUBT, c=False, g=True, r=True, d=True)
case("read timeout", errors.APITimeoutError("x"), sent=True, outcome=Outcome.IN_DOUBT, c=False, g=False, r=True, d=True)
case(
    "html 200",
    errors.ProtocolError("x", status_code=200),
    sent=True,
    outcome=Outcome.IN_DOUBT,
    c=False,
    g=False,
    r=True,
    d=False,
)
case(
    "head that cannot be read",
    errors.ProtocolError("x"),
    sent=True,
    outcome=Outcome.IN_DOUBT,
    c=False,
    g=False,
    r=True,
    d=False,
)
case(
    "html 502",
    status(502, kind=errors.InternalServerError),
    sent=True,
    outcome=Outcome.IN_DOUBT,
    c=False,
    g=True,
    r=True,
    d=True,
)
case(
    "redirect",
    errors.ProtocolError("x", status_code=302),
    sent=True,
    outcome=Outcome.REJECTED,
    c=False,
    g=False,
    r=False,
    d=False,
)


@pytest.mark.parametrize("name", CASES)
def test_every_cell_of_the_table(name: str) -> None:
    error, sent, outcome, expected = CASES[name]
    attempt = classify(error, sent=sent)
    assert attempt.outcome is outcome
    doubts = int(outcome is Outcome.IN_DOUBT)
    assert {kind: may_resend(kind, attempt, doubts, POLICY) for kind in Kind} == expected


@pytest.mark.parametrize("name", [name for name, row in CASES.items() if row[2] is Outcome.IN_DOUBT])
def test_a_creation_in_doubt_is_never_sent_again(name: str) -> None:
    error, sent, _, _ = CASES[name]
    assert not may_resend(Kind.CREATE, classify(error, sent=sent), 1, POLICY)


def test_a_look_that_finds_a_page_gives_up_after_the_usual_attempts() -> None:
    attempt = Attempt(Outcome.IN_DOUBT, errors.ProtocolError("x", status_code=200))
    assert may_resend(Kind.READ, attempt, POLICY.max_retries, POLICY)
    assert not may_resend(Kind.READ, attempt, POLICY.max_retries + 1, POLICY)


def test_a_retry_that_is_not_sent_after_all_costs_nothing() -> None:
    quota = RetryQuota(capacity=2)
    assert quota.spend()
    quota.give_back()
    quota.give_back()
    assert quota.tokens == 2


def test_an_ambiguous_call_is_sent_once_more_and_can_be_opted_out() -> None:
    attempt = Attempt(Outcome.IN_DOUBT, errors.APIConnectionError("x"))
    assert may_resend(Kind.GENERATE, attempt, 1, POLICY)
    assert not may_resend(Kind.GENERATE, attempt, 2, POLICY)
    assert not may_resend(Kind.GENERATE, attempt, 1, RetryPolicy(resend_ambiguous=False))


@given(st.integers(1, 60), st.floats(0, 1, exclude_max=True))
def test_backoff_has_full_jitter_under_a_doubling_ceiling(attempts: int, roll: float) -> None:
    wait = wait_before(attempts, errors.APIError("x"), POLICY, lambda: roll)
    assert wait is not None
    assert 0 <= wait <= min(POLICY.cap, POLICY.base * 2.0 ** min(attempts - 1, 30))


@pytest.mark.parametrize(("asked", "low", "high"), [(0, 0, 1), (5, 5, 6), (60, 60, 61)])
def test_the_server_is_waited_for_at_least_as_long_as_it_asks(asked: float, low: float, high: float) -> None:
    for roll in (0.0, 0.5, 0.999):
        wait = wait_before(3, status(429, retry_after=asked), POLICY, lambda roll=roll: roll)  # type: ignore[misc]
        assert wait is not None
        assert low <= wait <= high


def test_a_longer_wait_than_the_cap_is_not_waited_for() -> None:
    assert wait_before(1, status(429, retry_after=61.0), POLICY, lambda: 0.0) is None


def test_looks_go_on_to_their_deadline_unless_told_otherwise() -> None:
    assert limit_of(Kind.READ, POLICY, None) > 50
    assert limit_of(Kind.READ, POLICY, 0) == 0
    assert limit_of(Kind.READ, RetryPolicy(max_retries=0), None) == 0
    assert limit_of(Kind.GENERATE, POLICY, None) == 2


def test_an_outage_of_ten_thousand_calls_sends_at_most_a_hundred_requests_more() -> None:
    quota = RetryQuota()
    requests = sum(1 + sum(1 for _ in itertools.takewhile(lambda _: quota.spend(), range(2))) for _ in range(10_000))
    assert requests <= 10_100


def test_successes_fill_the_quota_again_and_never_over_its_capacity() -> None:
    quota = RetryQuota(capacity=10)
    for _ in range(10):
        assert quota.spend()
    assert not quota.spend()
    quota.succeed(1)
    assert quota.spend()
    for _ in range(1000):
        quota.succeed(0)
    assert quota.tokens == 10

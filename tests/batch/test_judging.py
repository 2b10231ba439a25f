"""What an error makes of its line, cell by cell; and what a batch may spend."""

import pytest

from tikhub_async._config import RetryPolicy
from tikhub_async._wire.request import Kind
from tikhub_async.batch.judging import MOST_TRIES, Fate, Verdict, judge
from tikhub_async.batch.options import settings_of
from tikhub_async.batch.spending import Asked, Held, Spending
from tikhub_async.errors import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    InDoubtError,
    InternalServerError,
    InvalidParameter,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProtocolError,
    QuotaError,
    RateLimitError,
    TikHubError,
)


def status(kind: type, code: int, word: str | None = None, **facts: object) -> TikHubError:
    error = kind("no", status_code=code, code=word, attempts=1, **facts)
    assert isinstance(error, TikHubError)
    return error


def verdict(error: TikHubError, kind: Kind = Kind.GENERATE, **facts: object) -> Verdict:
    given: dict[str, object] = {"tries": 1, "doubts": 0, "in_time": True, "policy": RetryPolicy(), **facts}
    return judge(error, kind, random=lambda: 0.5, **given)  # type: ignore[arg-type]


IN_DOUBT = InDoubtError("?", provider="sora", sent="", sent_at=0, attempts=1)
PROVIDERS_OWN = {"error": {"message": "x", "type": "server_error"}}


@pytest.mark.parametrize(
    ("error", "generate", "create", "free"),
    [
        (status(AuthenticationError, 401), Fate.STOP, Fate.STOP, Fate.STOP),
        (status(QuotaError, 403, "insufficient_user_quota"), Fate.STOP, Fate.STOP, Fate.STOP),
        (status(PermissionDeniedError, 403), Fate.FAIL, Fate.FAIL, Fate.FAIL),
        (status(BadRequestError, 400), Fate.FAIL, Fate.FAIL, Fate.FAIL),
        (status(NotFoundError, 404), Fate.FAIL, Fate.FAIL, Fate.FAIL),
        (status(RateLimitError, 429), Fate.AGAIN, Fate.AGAIN, Fate.AGAIN),
        (status(OverloadedError, 503, "system_cpu_overloaded"), Fate.AGAIN, Fate.FAIL, Fate.AGAIN),
        (status(InternalServerError, 500, body=PROVIDERS_OWN), Fate.AGAIN, Fate.FAIL, Fate.AGAIN),
        (status(InternalServerError, 500, "do_request_failed"), Fate.AGAIN, Fate.FAIL, Fate.AGAIN),
        (APIConnectionError("refused", attempts=0), Fate.AGAIN, Fate.AGAIN, Fate.AGAIN),
        (APIConnectionError("certificate", attempts=0, stage="certificate"), Fate.FAIL, Fate.FAIL, Fate.FAIL),
        (APIConnectionError("reset", attempts=1), Fate.AGAIN, Fate.FAIL, Fate.AGAIN),
        (APITimeoutError("late", attempts=1), Fate.FAIL, Fate.FAIL, Fate.AGAIN),
        (ProtocolError("html", status_code=200, attempts=1), Fate.FAIL, Fate.FAIL, Fate.AGAIN),
        (IN_DOUBT, Fate.DOUBT, Fate.DOUBT, Fate.DOUBT),
        (InvalidParameter("duration", "too long"), Fate.FAIL, Fate.FAIL, Fate.FAIL),
        (ContentFilterError("blocked"), Fate.FAIL, Fate.FAIL, Fate.FAIL),
    ],
    ids=lambda value: (
        f"{type(value).__name__}{getattr(value, 'status_code', '')}" if isinstance(value, Exception) else ""
    ),
)
def test_each_error_has_its_fate(error: TikHubError, generate: Fate, create: Fate, free: Fate) -> None:
    assert verdict(error, Kind.GENERATE).fate is generate
    assert verdict(error, Kind.CREATE).fate is create
    assert verdict(error, Kind.READ).fate is free


def test_a_creation_that_may_have_arrived_is_never_sent_again() -> None:
    """The session raises InDoubtError for it; should any other error come, it is final all the same."""
    for error in (APIConnectionError("reset", attempts=1), status(InternalServerError, 502, "bad_response")):
        assert verdict(error, Kind.CREATE).fate is Fate.FAIL


def test_an_ambiguous_chat_is_sent_once_more_and_only_if_it_may_be() -> None:
    dropped = APIConnectionError("reset", attempts=1)
    assert verdict(dropped).doubtful
    assert verdict(dropped, doubts=1, tries=2).fate is Fate.FAIL
    assert verdict(dropped, policy=RetryPolicy(resend_ambiguous=False)).fate is Fate.FAIL


def test_a_refused_line_fails_after_many_tries_and_much_time_only() -> None:
    limited = status(RateLimitError, 429)
    assert verdict(limited, tries=MOST_TRIES + 1).fate is Fate.AGAIN
    assert verdict(limited, tries=MOST_TRIES, in_time=False).fate is Fate.AGAIN
    assert verdict(limited, tries=MOST_TRIES + 1, in_time=False).fate is Fate.FAIL


def test_a_providers_fault_is_asked_again_as_often_as_the_client_would() -> None:
    fault = status(InternalServerError, 500, body=PROVIDERS_OWN)
    assert verdict(fault, tries=2).fate is Fate.AGAIN
    assert verdict(fault, tries=3).fate is Fate.FAIL


def test_a_429_says_how_long_to_wait_however_long() -> None:
    found = verdict(status(RateLimitError, 429, retry_after=4000.0))
    assert found.too_fast
    assert found.for_now
    assert 4000 <= found.seconds <= 4001


# ── spending ────────────────────────────────────────────────────────────────────────────────────────────────────────

CHAT = Asked(model="gpt-5", size=400, most=100)


def spending(**options: object) -> Spending:
    return Spending(settings_of(options))


def test_items_are_counted_and_given_back_when_they_had_no_effect() -> None:
    limits = spending(max_items=2)
    held = limits.estimate(CHAT)
    limits.hold(held)
    limits.hold(held)
    assert "max_items=2" in (limits.objection(held) or "")
    limits.give_back(held)
    assert limits.objection(held) is None


def test_tokens_in_flight_count_by_estimate_and_later_by_use() -> None:
    limits = spending(max_tokens=500)
    held = limits.estimate(CHAT)
    assert held.tokens == 200
    limits.hold(held)
    limits.hold(held)
    assert "max_tokens=500" in (limits.objection(held) or "")
    limits.settle(held, CHAT, tokens=110, answer=10)
    limits.settle(held, CHAT, tokens=110, answer=10)
    assert limits.estimate(CHAT).tokens == pytest.approx(110), "answers of this model are short"
    assert limits.objection(limits.estimate(CHAT)) is None
    assert limits.tokens == 220


def test_videos_count_by_the_price_list_or_the_highest_price_met() -> None:
    film = Asked(model="sora-2", is_video=True)
    known = spending(max_quota=100, prices={"sora-2": 60})
    assert known.estimate(film) == Held(quota=60)
    known.hold(known.estimate(film))
    assert known.objection(known.estimate(film)) is not None
    learning = spending(max_quota=100)
    for price in (30.0, 50.0, 20.0):
        learning.settle(Held(), film, quota=price)
    assert learning.estimate(film).quota == 50
    assert learning.objection(learning.estimate(film)) is not None


def test_what_earlier_runs_spent_counts() -> None:
    limits = Spending(settings_of({"max_items": 10}), items=10)
    assert limits.objection(Held()) is not None

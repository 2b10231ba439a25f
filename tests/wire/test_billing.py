"""What an error means for money, by status and code."""

import pytest

from tikhub_async import errors
from tikhub_async._wire.billing import failed_without_work, refused

JSON = {"error": {"message": "m"}}


def answered(
    status: int, code: str | None = None, type_: str | None = None, where: str | None = None
) -> errors.TikHubError:
    kind = errors.OverloadedError if status in {503, 529} else errors.InternalServerError
    return kind("m", status_code=status, code=code, type=type_, body=JSON, where=where)


@pytest.mark.parametrize(
    "error",
    [
        answered(400),
        answered(400, "bad_response_status_code"),
        answered(500, "invalid_request"),
        answered(503, "model_not_found"),
        answered(503, None, "new_api_error"),
        answered(500, "get_channel_failed"),
        answered(500, None, "new_api_panic", "sora.remix POST /v1/videos/x/remix"),
        answered(200, "some_provider_word"),
        errors.ProtocolError("redirected", status_code=302),
        errors.ContentFilterError("blocked"),
    ],
    ids=str,
)
def test_what_was_refused_before_any_work_is_a_refusal(error: errors.TikHubError) -> None:
    assert refused(error)


@pytest.mark.parametrize(
    "error",
    [
        answered(500, "do_request_failed"),
        answered(400, "bad_response_body"),
        answered(500, "bad_response_status_code"),
        answered(502, "fail_to_fetch_task"),
        answered(408),
        answered(500),
        answered(500, None, "new_api_panic", "sora.create POST /v1/videos"),
        errors.ProtocolError("a page", status_code=200),
        errors.APIConnectionError("reset"),
    ],
    ids=str,
)
def test_what_may_have_been_worked_on_is_no_refusal(error: errors.TikHubError) -> None:
    assert not refused(error)


def test_a_providers_own_5xx_did_no_work_and_the_gateways_may_have() -> None:
    assert failed_without_work(answered(500, "server_error"))
    assert failed_without_work(answered(529, None, "overloaded_error"))
    assert not failed_without_work(answered(500, "do_request_failed"))
    assert not failed_without_work(answered(500, None, "new_api_error"))
    assert not failed_without_work(answered(504, "server_error"))
    assert not failed_without_work(errors.InternalServerError("a page", status_code=502, body="<html>"))

"""The gateway itself: the models a key may use.

| call | route | evidence |
|---|---|---|
| `list` | `GET /v1/models` | not in TikHub's navigation; offered by the gateway software and used by a public client |
"""

from typing import Unpack

from tikhub_async._wire.request import Endpoint, Kind, Schema
from tikhub_async._wire.response import empty_answer
from tikhub_async.providers._base import Provider
from tikhub_async.types._base import RequestOptions
from tikhub_async.types.models import ModelList

__all__ = ["Models"]

LIST = Endpoint(name="models.list", method="GET", path="/v1/models", kind=Kind.READ, timeout="poll")

LIST_PARAMS = Schema.of("models.list", RequestOptions)


class Models(Provider):
    """`client.models`."""

    async def list(self, **options: Unpack[RequestOptions]) -> ModelList:
        """The models that the key may use, by the names that go into `model`.

        Raises:
            ParameterError: An option is unknown; nothing was sent.
            AuthenticationError: The key is not accepted.
            APIError: No usable answer.

        Source: GET /v1/models.
        """
        LIST_PARAMS.check(options)
        request = self._build(LIST, options)
        models = await self._send(request, ModelList)
        # A key may have no models, but then the answer says so.
        if not models.data and b'"data"' not in (models.meta.body or b""):
            raise empty_answer("data", models, request)
        return models

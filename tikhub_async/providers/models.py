"""The gateway itself: the models a key may use.

| call | route | evidence |
|---|---|---|
| `list` | `GET /v1/models` | not in TikHub's navigation; offered by the gateway software and used by a public client |
"""

from typing import Unpack

from tikhub_async._wire.request import Endpoint, Kind, Schema
from tikhub_async.providers._base import Provider
from tikhub_async.types._base import RequestOptions
from tikhub_async.types.models import ModelList

__all__ = ["Models"]

LIST = Endpoint(name="models.list", method="GET", path="/v1/models", kind=Kind.READ, timeout="poll")

_LIST = Schema.of("models.list", RequestOptions)


class Models(Provider):
    """`client.models`."""

    async def list(self, **options: Unpack[RequestOptions]) -> ModelList:
        """The models that the key may use, by the names that go into `model`.

        Raises:
            AuthenticationError: The key is not accepted.
            APIError: No usable answer.

        Source: GET /v1/models.
        """
        _LIST.check(options)
        return await self._send(self._build(LIST, options), ModelList)

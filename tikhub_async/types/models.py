"""The models a key may use: `GET /v1/models`.

Not in the gateway's documentation; the shape is that of the gateway software, seen in its recorded
answers. The list is sent for a Bearer key; other credentials change its form.
"""

from tikhub_async.types._base import Model, Number, Response


class ModelInfo(Model, frozen=True, kw_only=True):
    """One model that the key may use."""

    id: str = ""
    """The name to put into `model`."""
    object: str = "model"
    created: Number | None = None
    """Unix seconds; the gateway sends the same constant for every model."""
    owned_by: str | None = None
    """The channel's owner word, as `openai`, `vertex-ai`, `custom`."""
    supported_endpoint_types: list[str] | None = None
    """Kinds of routes that serve it, as `openai`, `anthropic`, `gemini`, `openai-video`."""
    shutdown_date: str | None = None
    """OpenAI only: when the provider withdraws the model."""


class ModelList(Response, frozen=True, kw_only=True):
    """The models a key may use, in the gateway's order."""

    object: str = "list"
    data: list[ModelInfo] = []
    success: bool | None = None
    """Gateway extra, true."""

    @property
    def ids(self) -> list[str]:
        """The names to put into `model`."""
        return [model.id for model in self.data]

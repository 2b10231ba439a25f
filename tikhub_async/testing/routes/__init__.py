"""The route tables of all providers, one after the other; the first row that matches answers."""

from tikhub_async.testing._exchange import Route
from tikhub_async.testing.routes import (
    claude,
    gemini,
    generations,
    kling,
    media,
    models,
    openai_audio,
    openai_chat,
    openai_embeddings,
    openai_responses,
    seedance,
    sora,
    veo,
)

ROUTES: tuple[Route, ...] = (
    *openai_chat.ROUTES,
    *openai_responses.ROUTES,
    *openai_embeddings.ROUTES,
    *openai_audio.ROUTES,
    *claude.ROUTES,
    # Before Gemini, whose last row takes every verb.
    *veo.ROUTES,
    *gemini.ROUTES,
    *sora.ROUTES,
    *seedance.ROUTES,
    *kling.ROUTES,
    *generations.ROUTES,
    *models.ROUTES,
    *media.ROUTES,
)
"""Every route of both profiles."""

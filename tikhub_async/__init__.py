"""Asyncio-first SDK for the TikHub AI Proxy."""

from tikhub_async._client import TikHubAI

__all__ = ["TikHubAI"]

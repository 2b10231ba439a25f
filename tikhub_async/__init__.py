"""Asyncio-first SDK for the TikHub AI Proxy."""

from tikhub_async._client import TikHubAI
from tikhub_async._config import RetryPolicy, Timeouts
from tikhub_async._session import Limits

__all__ = ["Limits", "RetryPolicy", "Timeouts", "TikHubAI"]

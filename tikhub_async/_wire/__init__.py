"""Bytes ↔ data: pure functions and small machines. No `await`, no aiohttp, no clock."""

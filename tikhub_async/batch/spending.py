"""What a batch may spend, checked before a request leaves. Pure.

What is in flight is counted by estimate: tokens from the size of the request and what the same model has answered so
far, gateway units from the highest price met for the model, or from the caller's price list.
"""

import msgspec

from tikhub_async.batch.options import Settings

BYTES_PER_TOKEN = 4.0
"""Of English text in JSON; settled afterwards with what was really used."""
FIRST_ANSWER = 300.0
"""Tokens that an answer is taken for before the first one of its model came."""
WEIGHT = 0.05
"""Of the newest answer in a model's average."""
MODELS_KEPT = 1000


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a request's body says about its cost."""

    model: str = ""
    size: int = 0
    """Bytes of the body."""
    most: int | None = None
    """Limit on the answer's tokens, in all of its alternatives."""
    is_video: bool = False


class Held(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is set aside for a request in flight."""

    items: int = 1
    tokens: float = 0.0
    quota: float = 0.0


ONE = Held()


class Spending:
    """What was spent, what is set aside, and whether the next request fits."""

    def __init__(self, settings: Settings, *, items: int = 0, tokens: float = 0.0, quota: float = 0.0) -> None:
        """Begin, with what earlier runs of the same output have spent."""
        self.items = items
        self.tokens = tokens
        self.quota = quota
        self.weighs = any(limit is not None for limit in (settings.max_tokens, settings.max_quota, settings.tpm))
        """Whether it matters what a request asks for."""
        self._settings = settings
        self._held_tokens = 0.0
        self._held_quota = 0.0
        self._answers: dict[str, float] = {}
        self._prices: dict[str, float] = dict(settings.prices)

    def estimate(self, asked: Asked) -> Held:
        """What a request will cost, as far as that can be said; one item, where nothing else is limited."""
        if not self.weighs:
            return ONE
        if asked.is_video:
            return Held(quota=self._prices.get(asked.model, 0.0))
        answer = self._answers.get(asked.model, FIRST_ANSWER)
        if asked.most is not None:
            answer = min(answer, float(asked.most)) if asked.model in self._answers else float(asked.most)
        return Held(tokens=asked.size / BYTES_PER_TOKEN + answer)

    def objection(self, held: Held) -> str | None:
        """Why a request must not leave, as text; None when it may."""
        limits = self._settings
        if limits.max_items is not None and self.items + held.items > limits.max_items:
            return f"max_items={limits.max_items}: {self.items} requests were sent"
        if limits.max_tokens is not None:
            spent = self.tokens + self._held_tokens
            if spent + held.tokens > limits.max_tokens:
                return f"max_tokens={limits.max_tokens}: {spent:.0f} tokens are used or set aside"
        if limits.max_quota is not None:
            spent = self.quota + self._held_quota
            if spent + held.quota > limits.max_quota:
                return f"max_quota={limits.max_quota:g}: {spent:g} units are used or set aside"
        return None

    def hold(self, held: Held) -> None:
        """Set aside for a request that leaves."""
        self.items += held.items
        self._held_tokens += held.tokens
        self._held_quota += held.quota

    def give_back(self, held: Held) -> None:
        """The request had no effect."""
        self.items -= held.items
        self._release(held)

    def settle(self, held: Held, asked: Asked, *, tokens: float = 0.0, answer: float = 0.0, quota: float = 0.0) -> None:
        """The request is done.

        Args:
            held: What was set aside.
            asked: The request.
            tokens: What it used, input and output.
            answer: The output's part.
            quota: Gateway units.
        """
        self._release(held)
        self.tokens += tokens
        self.quota += quota
        if quota and asked.model not in self._settings.prices:
            _keep(self._prices, asked.model, max(quota, self._prices.get(asked.model, 0.0)))
        if answer:
            known = self._answers.get(asked.model, answer)
            _keep(self._answers, asked.model, known + WEIGHT * (answer - known))

    def _release(self, held: Held) -> None:
        self._held_tokens -= held.tokens
        self._held_quota -= held.quota


def _keep(table: dict[str, float], model: str, value: float) -> None:
    if model in table or len(table) < MODELS_KEPT:
        table[model] = value

"""Keys that the emulator knows, and what the gateway would say to each.

They are made up and open nothing: `sk-` and 48 letters or digits, as the gateway issues them.
"""

from dataclasses import dataclass
from typing import Literal

KeyState = Literal["good", "expired", "exhausted", "disabled", "blocked_ip", "banned"]


def _key(word: str) -> str:
    return f"sk-TEST{word:0<44}"


TEST_KEY = _key("normal")
"""Works everywhere."""
OTHER_KEY = _key("other")
"""Works, but belongs to another account: it does not see the tasks of `TEST_KEY`."""
BROKE_KEY = _key("broke")
"""Its account has no balance: 403 `insufficient_user_quota` on every paid call; reading works."""
LOW_QUOTA_KEY = _key("lowquota")
"""The key's own limit is below any price: 403 `pre_consume_token_quota_failed`."""
LIMITED_KEY = _key("limited")
"""Has a model allow list (`LIMITED_MODELS`): 403 for other models, and for polls, which name no model."""
EXPIRED_KEY = _key("expired")
"""401."""
EXHAUSTED_KEY = _key("exhausted")
"""Its quota is used up: 401 on every route, polls and downloads included."""
DISABLED_KEY = _key("disabled")
"""401."""
BLOCKED_IP_KEY = _key("blockedip")
"""The caller's address is not in the key's allow list: 403 `access_denied`."""
BANNED_KEY = _key("banned")
"""Its user is banned: 403."""

LIMITED_MODELS = ("gpt-4o", "sora-2", "kling-v2-6", "doubao-seedance-1-5-pro-251215")
"""Models that `LIMITED_KEY` may use."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a key belongs to and what it may do."""

    key: str
    user: int = 1
    state: KeyState = "good"
    models: tuple[str, ...] | None = None
    """Model allow list; None allows all."""
    balance: bool = True
    """False when the account has no money."""
    quota: bool = True
    """False when the key's own limit is below any price."""


SPECIAL_KEYS: dict[str, Identity] = {
    identity.key: identity
    for identity in (
        Identity(TEST_KEY),
        Identity(OTHER_KEY, user=2),
        Identity(BROKE_KEY, user=3, balance=False),
        Identity(LOW_QUOTA_KEY, quota=False),
        Identity(LIMITED_KEY, models=LIMITED_MODELS),
        Identity(EXPIRED_KEY, state="expired"),
        Identity(EXHAUSTED_KEY, state="exhausted"),
        Identity(DISABLED_KEY, state="disabled"),
        Identity(BLOCKED_IP_KEY, state="blocked_ip"),
        Identity(BANNED_KEY, user=4, state="banned"),
    )
}
"""Every key above; `TEST_KEY` only counts while the emulator was given no keys of its own."""

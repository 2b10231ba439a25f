"""What each provider takes of each kind: tables, and the refusal of what they do not hold."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from tikhub_async.errors import InvalidParameter, shorten
from tikhub_async.media._content import Kind, scheme_of

if TYPE_CHECKING:
    from tikhub_async.media._media import Media

MB = 1_000_000
GATEWAY = 96 * MB
"""The gateway takes bodies of 128 MB; base64 is a third longer than the file."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What one provider takes of one kind."""

    types: frozenset[str] = frozenset()
    """Media types; empty for all of the kind."""
    limit: int = GATEWAY
    """Bytes of a file that is sent along."""
    inline: bool = True
    """Files may be sent along."""
    schemes: frozenset[str] = frozenset(("http", "https"))
    """Addresses it fetches from itself; empty for none."""


WEB_IMAGES = frozenset(("image/jpeg", "image/png", "image/gif", "image/webp"))
STILLS = frozenset(("image/jpeg", "image/png"))
NO_SCHEMES: frozenset[str] = frozenset()
BUCKETS = frozenset(("gs",))

RULES: Mapping[str, tuple[str, Mapping[Kind, Rule]]] = {
    "chat": (
        "OpenAI's chat",
        {
            "image": Rule(types=WEB_IMAGES, limit=50 * MB),
            "audio": Rule(types=frozenset(("audio/wav", "audio/mpeg")), schemes=NO_SCHEMES),
            "pdf": Rule(limit=50 * MB, schemes=NO_SCHEMES),
            "video": Rule(),
        },
    ),
    "responses": (
        "OpenAI's Responses",
        {"image": Rule(types=WEB_IMAGES, limit=50 * MB), "pdf": Rule(limit=50 * MB)},
    ),
    "claude": (
        "Claude",
        # Images: 5 MiB of base64. PDFs: 32 MB for the whole request.
        {"image": Rule(types=WEB_IMAGES, limit=5 * 1024 * 1024 * 3 // 4), "pdf": Rule(limit=24 * MB)},
    ),
    "gemini": (
        "Gemini",
        # 100 MB for the whole request; older hosts take 20 MB.
        {kind: Rule(limit=75 * MB, schemes=frozenset(("http", "https", "gs"))) for kind in ("image", "audio", "pdf", "video")},
    ),
    "seedance": (
        "Seedance",
        {
            "image": Rule(
                types=WEB_IMAGES | {"image/bmp", "image/tiff", "image/heic", "image/heif"}, limit=30 * MB
            ),
            "audio": Rule(types=frozenset(("audio/wav", "audio/mpeg")), inline=False),
            "video": Rule(types=frozenset(("video/mp4", "video/quicktime")), inline=False),
        },
    ),
    "kling": ("Kling", {"image": Rule(types=STILLS, limit=10 * MB)}),
    "veo": (
        "Veo",
        {"image": Rule(types=STILLS, limit=20 * MB, schemes=BUCKETS), "video": Rule(schemes=BUCKETS)},
    ),
}  # fmt: skip
"""Form → how errors call the provider, and what it takes. Limits are the providers' documented ones."""


def check(media: "Media", form: str) -> None:
    """Refuse an input that a provider would refuse.

    Args:
        media: The input.
        form: The method of `Media` that is called, as in `RULES`.

    Raises:
        InvalidParameter: The provider does not take its kind, type, size or address.
    """
    provider, rules = RULES[form]
    where = f"Media.{form}"
    rule = rules.get(media.kind)
    if rule is None:
        takes = ", ".join(_many(kind) for kind in rules)
        raise InvalidParameter(media.name, f"{provider} takes no {_many(media.kind)}, only {takes}", where=where)
    if rule.types and media.mime not in rule.types:
        types = ", ".join(sorted(rule.types))
        raise InvalidParameter(
            media.name, f"is {media.mime}; {provider} takes {_many(media.kind)} as {types}", where=where
        )
    if media.url is not None:
        _check_address(media, provider, rule, where)
    elif not rule.inline:
        raise InvalidParameter(
            media.name,
            f"{provider} takes {_many(media.kind)} by address only",
            where=where,
            hint='put the file on the web: Media.open("https://…")',
        )
    elif media.size > rule.limit:
        raise InvalidParameter(
            media.name,
            f"has {_megabytes(media.size)}; {provider} takes {_many(media.kind)} up to {_megabytes(rule.limit)}",
            where=where,
            hint="make it smaller" + (", or give its address" if rule.schemes else ""),
        )


def _check_address(media: "Media", provider: str, rule: Rule, where: str) -> None:
    if scheme_of(media.url or "") in rule.schemes:
        return
    takes = ", ".join(f"{scheme}://" for scheme in sorted(rule.schemes)) or "no addresses"
    raise InvalidParameter(
        media.name,
        f"{provider} takes {takes} for {_many(media.kind)}, got {shorten(media.url or '', 60)!r}",
        where=where,
        hint="give the bytes: Media.open(path)",
    )


def _many(kind: Kind) -> str:
    return {"image": "images", "audio": "audio", "pdf": "PDFs", "video": "videos"}[kind]


def one(kind: Kind) -> str:
    """A kind as an object of a sentence."""
    return {"image": "an image", "audio": "audio", "pdf": "a PDF", "video": "a video"}[kind]


def _megabytes(size: int) -> str:
    return f"{size / MB:.1f} MB"

"""Who makes videos: one entry per provider, from the command line's words to the provider's own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tikhub_async._cli.output import UsageError

if TYPE_CHECKING:
    from tikhub_async import TikHubAI
    from tikhub_async._tasks import VideoTask
    from tikhub_async.media import Media


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A video as the command line describes it."""

    prompt: str
    model: str
    ratio: str
    duration: int
    """Seconds."""
    resolution: str | None
    image: "Media | None"
    """The first frame."""


@dataclass(frozen=True, kw_only=True)
class Maker:
    """A provider of videos."""

    title: str
    model: str
    """When none is named; so the next three."""
    ratio: str = "16:9"
    duration: int
    resolution: str | None = None
    create: "Callable[[TikHubAI, Wish], Awaitable[VideoTask[Any]]]"


async def _seedance(client: "TikHubAI", wish: Wish) -> "VideoTask[Any]":
    content: list[Any] = [{"type": "text", "text": wish.prompt}]
    if wish.image is not None:
        content.append(wish.image.seedance(role="first_frame"))
    return await client.seedance.create(
        model=wish.model,
        content=content,
        ratio=wish.ratio,
        duration=wish.duration,
        **_given(resolution=wish.resolution),
    )


SORA_SIZES: Mapping[tuple[str, str], str] = {
    ("16:9", "720p"): "1280x720",
    ("9:16", "720p"): "720x1280",
    ("16:9", "1024p"): "1792x1024",
    ("9:16", "1024p"): "1024x1792",
}
"""Ratio and resolution to OpenAI's size; the large ones are for sora-2-pro."""


async def _sora(client: "TikHubAI", wish: Wish) -> "VideoTask[Any]":
    size = SORA_SIZES.get((wish.ratio, wish.resolution or "720p"))
    if size is None:
        known = ", ".join(f"{ratio} at {resolution}" for ratio, resolution in SORA_SIZES)
        raise UsageError(f"sora makes {known}; not {wish.ratio} at {wish.resolution}")
    return await client.sora.create(
        model=wish.model,
        prompt=wish.prompt,
        size=size,
        seconds=str(wish.duration),
        **_given(input_reference=wish.image and wish.image.data_url),
    )


async def _kling(client: "TikHubAI", wish: Wish) -> "VideoTask[Any]":
    if wish.resolution is not None:
        raise UsageError("kling has no resolutions: leave --resolution out")
    common: dict[str, Any] = {
        "model_name": wish.model,
        "prompt": wish.prompt,
        "aspect_ratio": wish.ratio,
        "duration": str(wish.duration),
        "mode": "std",
    }
    if wish.image is not None:
        return await client.kling.image2video.create(image=wish.image.kling(), **common)
    return await client.kling.text2video.create(**common)


async def _veo(client: "TikHubAI", wish: Wish) -> "VideoTask[Any]":
    instance: dict[str, Any] = {"prompt": wish.prompt}
    if wish.image is not None:
        instance["image"] = wish.image.veo()
    parameters = _given(aspectRatio=wish.ratio, durationSeconds=wish.duration, resolution=wish.resolution)
    request: dict[str, Any] = {"model": wish.model, "instances": [instance], "parameters": parameters}
    return await client.veo.generate(**request)


def _given(**values: Any) -> dict[str, Any]:
    """The values that are there: an absent key is an absent key."""
    return {name: value for name, value in values.items() if value is not None}


MAKERS: Mapping[str, Maker] = {
    "seedance": Maker(title="Seedance", model="doubao-seedance-1-5-pro-251215", duration=5, create=_seedance),
    "sora": Maker(title="Sora", model="sora-2", duration=4, resolution="720p", create=_sora),
    "kling": Maker(title="Kling", model="kling-v2-6", duration=5, create=_kling),
    "veo": Maker(title="Veo", model="veo-3.1-generate-preview", duration=8, resolution="720p", create=_veo),
}
"""By the name of the command, which is the client's attribute too."""

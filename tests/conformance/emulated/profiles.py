"""Which recorded requests the documented profile answers otherwise than the software, and the flag that makes it so."""

from fnmatch import fnmatchcase

DOCUMENTED: tuple[tuple[str, str], ...] = (
    ("tikhub.seedance_*", "seedance_routes"),
    ("tikhub.videos_*", "video_lists"),
    ("tikhub.veo_*", "veo_routes"),
    ("tikhub.kling_documented", "kling_native_body"),
    ("tikhub.kling_model_name_only", "kling_native_body"),
    ("tikhub.kling_duration_*", "kling_native_body"),
    ("auth.kling.model_not_allowed", "kling_native_body"),
    ("tikhub.kling_*", "native_creations"),
    ("kling.*.submit", "native_creations"),
    ("remix.*", "remix"),
    ("audio.stream", "transcription_paced"),
    ("audio.*", "transcription_details"),
    ("gemini.*", "gemini_newline"),
    ("ping.gemini*", "gemini_newline"),
)
"""Exchanges, by pattern of their id → name of the flag in `Behaviour`."""


def flag_of(name: str) -> str | None:
    """The flag behind a difference of the two profiles, None if none is known."""
    return next((flag for pattern, flag in DOCUMENTED if fnmatchcase(name, pattern)), None)

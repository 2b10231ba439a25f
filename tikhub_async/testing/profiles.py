"""Where TikHub's documentation and the unmodified gateway software disagree: one table, one column per profile.

What TikHub changed in its build is unknown, so a client has to work with either. Everything that is not in this table
behaves the same in both profiles.
"""

from dataclasses import dataclass
from typing import Literal

Profile = Literal["documented", "software"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One column of the table."""

    seedance_routes: bool
    """`/seedance/v3/contents/generations/tasks[/{id}]`; the software answers these paths with the dashboard's page."""
    veo_routes: bool
    """`:predictLongRunning` and `:fetchPredictOperation`; the software takes both for `generateContent`, wants `contents`."""
    video_lists: bool
    """`GET /v1/videos` and `DELETE /v1/videos/{id}`; JSON 404 in the software."""
    remix: bool
    """`POST /v1/videos/{id}/remix` works; the software panics (500 `new_api_panic`) for every task that exists."""
    kling_native_body: bool
    """Kling's own body: `model_name`, `duration` as a string. The software wants `model` and an integer."""
    native_creations: bool
    """Seedance and Kling creations answer in the provider's shape (a guess from TikHub's schema names); the software
    answers every video creation with a video object.
    """
    transcription_details: bool
    """`response_format=json` has segments with their words, as in the documented example; the provider's has text only."""
    transcription_paced: bool
    """Streamed transcriptions arrive event by event; the software buffers them and sends one body with a length."""
    gemini_newline: str
    """Line end of Gemini's streams: as Google sends them, or as the software writes them anew."""


BEHAVIOURS: dict[Profile, Behaviour] = {
    "documented": Behaviour(
        seedance_routes=True,
        veo_routes=True,
        video_lists=True,
        remix=True,
        kling_native_body=True,
        native_creations=True,
        transcription_details=True,
        transcription_paced=True,
        gemini_newline="\r\n",
    ),
    "software": Behaviour(
        seedance_routes=False,
        veo_routes=False,
        video_lists=False,
        remix=False,
        kling_native_body=False,
        native_creations=False,
        transcription_details=False,
        transcription_paced=False,
        gemini_newline="\n",
    ),
}

"""What recorded providers did, in the emulator's words: marks in prompts, and scripted replies."""

from types import EllipsisType

from tikhub_async.testing.faults import BreaksOff, ErrorInStream, Fault, RepeatStart, Stall, Truncate

MARKS: tuple[tuple[str, str], ...] = (
    ("*.failed.submit", "[[fail]]"),
    ("*.cancelled.submit", "[[cancel]]"),
    ("*.filtered.submit", "[[filter]]"),
    ("life.veofilter.*", "[[filter]]"),
    ("*.poll_*.submit", "[[lost]]"),
    ("life.kling429.*", "[[lost]]"),
    ("timeout.*", "[[timeout]]"),
    ("chat.*tools", "[[tool]]"),
    ("messages.thinking", "[[tool]]"),
    ("*.plain*_fields", "[[words=2]]"),
    ("responses.stream_incomplete", "[[filter]]"),
    ("chat.fixture_stream_refusal", "[[refuse]]"),
    ("chat.claude_refusal", "[[refuse]]"),
    ("chat.fixture_stream_content_filter", "[[filter]]"),
    ("*.gemini_blocked*", "[[filter]]"),
    ("gemini.blocked*", "[[filter]]"),
)
"""Exchanges whose provider was told something that the emulator has a mark for; for tasks, their creation."""

SAID = ...
"""The recorded error, given to the emulator as what the provider (or a guard in front of it) said."""

LIMITED_LATE = ErrorInStream(after_events=0, framed=False, pings=3, status="requests", code="rate_limit_exceeded")

PLAYS: tuple[tuple[str, Fault | EllipsisType], ...] = (
    ("chat.upstream_html_200_stream", BreaksOff(after_events=0)),
    ("chat.upstream_empty_200_stream", BreaksOff(after_events=0)),
    ("chat.stream_got_json", BreaksOff(after_events=0)),
    ("chat.stream_only_done", BreaksOff(after_events=0)),
    ("chat.upstream_*", SAID),
    ("chat.*_upstream_*", SAID),
    ("chat.gemini_error_array", SAID),
    ("chat.deepseek_402", SAID),
    ("chat.stream_cut_*", BreaksOff(after_events=3)),
    ("chat.stream_end_early", BreaksOff(after_events=3)),
    ("chat.stream_done_without_finish", BreaksOff(after_events=2)),
    ("chat.fixture_stream_truncated_no_done", BreaksOff(after_events=3)),
    ("chat.claude_stream_cut", BreaksOff(after_events=3)),
    ("chat.gemini_stream_cut", BreaksOff(after_events=2)),
    ("chat.stream_error_event", ErrorInStream(after_events=1, status="server_error")),
    ("chat.stream_error_first", ErrorInStream(after_events=0, status="server_error", code="x")),
    ("chat.claude_stream_error", ErrorInStream(after_events=3, framed=False, code="overloaded_error")),
    ("responses.upstream_*", SAID),
    ("responses.nonstream_got_sse", SAID),
    ("responses.float_created_at", SAID),
    ("responses.stream_cut", BreaksOff(after_events=5)),
    ("responses.stream_got_json", BreaksOff(after_events=0)),
    ("responses.stream_error_flat", ErrorInStream(after_events=2, code="server_error")),
    ("messages.upstream_*", SAID),
    ("messages.stream_error_first", SAID),
    ("messages.openai_model_429", SAID),
    ("messages.gemini_model_400", SAID),
    ("messages.stream_error_event", ErrorInStream(after_events=5, framed=False)),
    ("messages.stream_cut", BreaksOff(after_events=4)),
    ("messages.stream_fin", BreaksOff(after_events=6)),
    ("messages.stream_got_json", BreaksOff(after_events=0)),
    ("messages.openai_model_stream_cut", BreaksOff(after_events=4)),
    ("gemini.upstream_*", SAID),
    ("gemini.stream_error_data", ErrorInStream(after_events=1, status="UNAVAILABLE")),
    ("gemini.stream_cut", BreaksOff(after_events=1)),
    ("gemini.stream_empty", BreaksOff(after_events=0)),
    ("embeddings.upstream_*", SAID),
    ("audio.upstream_*", SAID),
    ("headers.upstream_headers_error", SAID),
    ("ping.chat_then_429", LIMITED_LATE),
    ("ping.messages_then_529", ErrorInStream(after_events=0, framed=False, pings=3, status="<nil>")),
    ("ping.chat", Stall(after_events=1, seconds=0, pings=3)),
    ("ping.messages", Stall(after_events=3, seconds=0, pings=3)),
    ("ping.chat_before_headers", Stall(after_events=0, seconds=0, pings=3)),
    ("ping.chat_gemini_model", Stall(after_events=0, seconds=0, pings=3)),
    ("ping.responses", Stall(after_events=0, seconds=0, pings=3)),
    ("limits.chat_[23]", SAID),
    ("limits.messages", SAID),
    ("limits.gemini", SAID),
    ("overload.chat", SAID),
    ("overload.messages", SAID),
    ("overload.gemini", SAID),
    ("sensitive.chat*", SAID),
    ("sensitive.messages", SAID),
    ("sensitive.responses", SAID),
    ("retry.messages_cut", RepeatStart(after_events=5)),
    ("retry.*", SAID),
    ("submit.upstream_*", SAID),
    ("submit.doubao_4*", SAID),
    ("submit.kling_1102", SAID),
    ("submit.kling_[45]*", SAID),
    ("submit.veo_429", SAID),
    ("submit.dead", SAID),
    ("content.upstream_403", SAID),
    ("content.upstream_cut", Truncate(after_bytes=1000)),
    ("life.slow.content", Truncate(after_bytes=100)),
)
"""Exchanges in which a provider, a guard or a limit interferes → the reply to script."""

REBUILT: tuple[tuple[str, str], ...] = (
    ("get.kling_ctype_json", "kling.ok.submit"),
    ("life.kling429.*", "kling.ok.submit"),
    ("life.veofilter.*", "veo.ok.submit"),
    ("life.redirect.*", "sora.ok.submit"),
    ("life.slow.content", "sora.ok.submit"),
    ("life.disabled_channel.get", "sora.ok.submit"),
    ("timeout.sora.get_videos", "sora.ok.submit"),
    ("timeout.kling.get_generations", "kling.ok.submit"),
)
"""Looks at a task whose creation was not recorded → an exchange that creates one like it."""

"""Spans and metrics, read back from OpenTelemetry's own in-memory exporters."""

import asyncio
import gc
import subprocess
import sys
from typing import Any

import pytest

from tests.cli.processes import environment
from tikhub_async import StreamInterrupted, TikHubAI
from tikhub_async.testing import TEST_KEY, Emulator, FakeClock, RateLimited, Stall, TaskFails, Truncate
from tikhub_async.types.chat import ChatMessage

otel = pytest.importorskip("tikhub_async.telemetry.otel", reason="the extra [otel] is not installed")
sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk is not installed")

MESSAGES: list[ChatMessage] = [{"role": "user", "content": "my prompt"}]


class Collector:
    """A tracer and a meter that keep what they get."""

    def __init__(self) -> None:
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self.exporter = InMemorySpanExporter()
        self.tracers = sdk.TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider(metric_readers=[self.reader])

    @property
    def spans(self) -> list[Any]:
        return list(self.exporter.get_finished_spans())

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        if data is None:
            return []
        metrics = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics]
        return [point for metric in metrics if metric.name == name for point in metric.data.data_points]


@pytest.fixture
def collector() -> Any:
    made = Collector()
    yield made
    made.tracers.shutdown()
    made.meters.shutdown()


@pytest.fixture
async def client(gw: Emulator, clock: FakeClock, collector: Collector) -> Any:
    hooks = otel.OpenTelemetry(tracer_provider=collector.tracers, meter_provider=collector.meters)
    async with TikHubAI(api_key=TEST_KEY, base_url=gw.base_url, clock=clock, hooks=[hooks]) as made:
        yield made


async def test_a_call_is_a_span_of_the_conventions(client: TikHubAI, collector: Collector) -> None:
    done = await client.openai.chat.completions.create(
        model="gpt-5", messages=MESSAGES, temperature=0.5, max_completion_tokens=99
    )
    (span,) = collector.spans
    facts = span.attributes
    assert span.name == "chat gpt-5"
    assert span.kind.name == "CLIENT"
    assert facts["gen_ai.operation.name"] == "chat"
    assert facts["gen_ai.provider.name"] == "openai"
    assert facts["gen_ai.request.model"] == facts["gen_ai.response.model"] == "gpt-5"
    assert facts["gen_ai.request.temperature"] == 0.5
    assert facts["gen_ai.request.max_tokens"] == 99
    assert facts["gen_ai.response.id"] == done.id
    assert list(facts["gen_ai.response.finish_reasons"]) == ["stop"]
    assert done.usage is not None
    assert facts["gen_ai.usage.input_tokens"] == done.usage.prompt_tokens
    assert facts["gen_ai.usage.output_tokens"] == done.usage.completion_tokens
    assert facts["server.address"] == "127.0.0.1"
    assert facts["tikhub.request_id"] == done.request_id
    assert span.status.is_ok or span.status.status_code.name == "UNSET"


async def test_prompts_and_answers_are_never_recorded(client: TikHubAI, collector: Collector) -> None:
    await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)
    assert "my prompt" not in collector.spans[0].to_json()


@pytest.mark.parametrize(
    ("ask", "name", "provider"),
    [
        (lambda c: c.claude.messages.create(model="claude-sonnet-4-5", max_tokens=9, messages=MESSAGES), "chat claude-sonnet-4-5", "anthropic"),
        (lambda c: c.gemini.models.generate_content(model="gemini-2.5-pro", contents="Hi"), "generate_content gemini-2.5-pro", "gcp.gemini"),
        (lambda c: c.openai.responses.create(model="gpt-5", input="Hi"), "chat gpt-5", "openai"),
        (lambda c: c.openai.embeddings.create(model="text-embedding-3-small", input="Hi"), "embeddings text-embedding-3-small", "openai"),
        (lambda c: c.deepseek.chat.completions.create(model="deepseek-chat", messages=MESSAGES), "chat deepseek-chat", "deepseek"),
    ],
)  # fmt: skip
async def test_every_provider_has_its_span(
    client: TikHubAI, collector: Collector, ask: Any, name: str, provider: str
) -> None:
    await ask(client)
    (span,) = collector.spans
    assert span.name == name
    assert span.attributes["gen_ai.provider.name"] == provider
    assert span.attributes["gen_ai.usage.input_tokens"] > 0


async def test_a_stream_is_timed(gw: Emulator, client: TikHubAI, collector: Collector) -> None:
    gw.pace = 0.002
    stream = client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES)
    await stream.final()
    (span,) = collector.spans
    assert span.attributes["gen_ai.request.stream"] is True
    assert span.attributes["gen_ai.response.time_to_first_chunk"] > 0
    assert list(span.attributes["gen_ai.response.finish_reasons"]) == ["stop"]
    (first,) = collector.points("gen_ai.client.operation.time_to_first_chunk")
    assert first.count == 1
    (between,) = collector.points("gen_ai.client.operation.time_per_output_chunk")
    assert between.count > 3


@pytest.mark.filterwarnings("ignore:stream dropped:ResourceWarning")
async def test_a_stream_that_is_dropped_has_an_end_too(gw: Emulator, client: TikHubAI, collector: Collector) -> None:
    gw.script("chat.completions", Stall(after_events=3))
    stream = client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES)
    await anext(stream)
    del stream
    gc.collect()
    await asyncio.sleep(0)
    (span,) = collector.spans
    assert span.attributes["error.type"] == "StreamInterrupted"
    assert span.attributes["tikhub.maybe_billed"] is True


async def test_metrics_of_duration_and_tokens(client: TikHubAI, collector: Collector) -> None:
    await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)
    (duration,) = collector.points("gen_ai.client.operation.duration")
    assert duration.count == 1
    assert duration.attributes["gen_ai.request.model"] == "gpt-5"
    kinds = {
        point.attributes["gen_ai.token.type"]: point.sum for point in collector.points("gen_ai.client.token.usage")
    }
    assert kinds["input"] > 0
    assert kinds["output"] > 0


async def test_a_failed_attempt_is_an_event_on_the_span(gw: Emulator, client: TikHubAI, collector: Collector) -> None:
    gw.script("chat.completions", RateLimited())
    await client.openai.chat.completions.create(model="gpt-5", messages=MESSAGES)
    (span,) = collector.spans
    assert [(event.name, event.attributes["error.type"]) for event in span.events] == [
        ("tikhub.attempt.failed", "RateLimitError")
    ]
    assert span.attributes["tikhub.attempts"] == 2


async def test_an_error_is_named_and_not_quoted(gw: Emulator, client: TikHubAI, collector: Collector) -> None:
    gw.script("chat.completions", Truncate(after_events=3))
    with pytest.raises(StreamInterrupted):
        await client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES).final()
    (span,) = collector.spans
    assert span.attributes["error.type"] == "StreamInterrupted"
    assert span.status.status_code.name == "ERROR"
    assert span.attributes["tikhub.maybe_billed"] is True


async def test_spans_belong_to_the_callers(client: TikHubAI, collector: Collector) -> None:
    tracer = collector.tracers.get_tracer("app")
    with tracer.start_as_current_span("request") as outer:
        async with client.openai.chat.completions.stream(model="gpt-5", messages=MESSAGES) as stream:
            await anext(stream)
            with tracer.start_as_current_span("work"):
                pass
            await stream.final()
    spans = {span.name: span for span in collector.spans}
    assert spans["chat gpt-5"].parent.span_id == outer.get_span_context().span_id
    # What the caller does between two events is not part of the call.
    assert spans["work"].parent.span_id == outer.get_span_context().span_id


async def test_a_video_is_a_span_to_its_end(client: TikHubAI, collector: Collector) -> None:
    task = await client.seedance.create(
        model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": "my prompt"}]
    )
    await task.wait(poll_interval=0.05)
    creation, video = collector.spans
    assert creation.name == "generate_content doubao-seedance-1-5-pro-251215"
    assert creation.attributes["gen_ai.output.type"] == "video"
    assert video.name == "video seedance"
    assert video.attributes["tikhub.task.id"] == task.id
    assert video.attributes["tikhub.task.status"] == "succeeded"
    assert video.attributes["tikhub.task.quota"] == task.state.quota
    statuses = [event.attributes["tikhub.task.status"] for event in video.events]
    assert statuses[0] == "queued"
    assert statuses[-1] == "succeeded"
    assert "my prompt" not in creation.to_json() + video.to_json()


async def test_a_failed_video_is_a_failed_span(gw: Emulator, client: TikHubAI, collector: Collector) -> None:
    gw.script("seedance.create", TaskFails())
    task = await client.seedance.create(
        model="doubao-seedance-1-5-pro-251215", content=[{"type": "text", "text": "A dog"}]
    )
    await client.tasks.wait_all([task], poll_interval=0.05)
    video = collector.spans[-1]
    assert video.status.status_code.name == "ERROR"
    assert video.attributes["error.type"] == "failed"


async def test_looks_and_lists_have_no_spans(client: TikHubAI, collector: Collector) -> None:
    await client.models.list()
    assert collector.spans == []


def test_without_the_extra_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['opentelemetry.util.genai.handler'] = None; import tikhub_async.telemetry.otel"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False)
    assert "pip install 'tikhub-async[otel]'" in done.stderr

"""Files as OpenAI's cookbook, vLLM's run-batch and Together's tutorial have them run unchanged; so do their readers."""

import json
from pathlib import Path

import pytest

from tikhub_async import TikHubAI
from tikhub_async.batch import InputRefused
from tikhub_async.testing import Emulator

COOKBOOK = """\
{"custom_id": "task-0", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-4o-mini", \
"temperature": 0.1, "response_format": {"type": "json_object"}, "messages": [{"role": "system", "content": "Sort the \
plot into categories. Answer in JSON."}, {"role": "user", "content": "Two men make friends in prison."}]}}
{"custom_id": "task-1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-4o-mini", \
"temperature": 0.2, "max_tokens": 300, "messages": [{"role": "system", "content": "Caption the picture."}, {"role": \
"user", "content": [{"type": "text", "text": "A shelf"}, {"type": "image_url", "image_url": {"url": \
"https://example.com/shelf.jpg"}}]}]}}
"""
"""Movies sorted with JSON mode, and pictures captioned."""

VLLM = """\
{"custom_id": "request-1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": \
"meta-llama/Meta-Llama-3-8B-Instruct", "messages": [{"role": "system", "content": "You are helpful."},{"role": "user", \
"content": "Hello!"}],"max_completion_tokens": 1000, "min_tokens": 2}}
{"custom_id": "request-2", "method": "POST", "url": "/v1/embeddings", "body": {"model": \
"intfloat/e5-mistral-7b-instruct", "input": "You are helpful."}}
"""
"""Chat and embedding mixed, with a parameter that only vLLM has."""

TOGETHER = """\
{"custom_id": "request-1", "body": {"model": "meta-llama/Llama-3.3-70B-Instruct-Turbo", "messages": [{"role": "user", \
"content": "Hello, world!"}], "max_tokens": 200}}
{"custom_id": "request-2", "body": {"model": "meta-llama/Llama-3.3-70B-Instruct-Turbo", "messages": [{"role": "user", \
"content": "Explain the sea."}], "max_tokens": 200}}
"""
"""Neither method nor url: the endpoint belongs to the job there."""

ANTHROPIC = """\
{"custom_id": "my-first-request", "params": {"model": "claude-sonnet-4-5", "max_tokens": 1024, "messages": [{"role": \
"user", "content": "Hello, world"}]}}
"""


@pytest.mark.parametrize(
    ("text", "routes"),
    [
        (COOKBOOK, ["chat.completions", "chat.completions"]),
        (VLLM, ["chat.completions", "embeddings"]),
        (TOGETHER, ["chat.completions", "chat.completions"]),
        (ANTHROPIC, ["messages"]),
    ],
    ids=["cookbook", "vllm", "together", "anthropic"],
)
async def test_files_of_others_run_unchanged(
    client: TikHubAI, gw: Emulator, tmp_path: Path, text: str, routes: list[str]
) -> None:
    for model in ("meta-llama/Meta-Llama-3-8B-Instruct", "meta-llama/Llama-3.3-70B-Instruct-Turbo"):
        gw.models[model] = gw.models["gpt-5"]
    gw.models["intfloat/e5-mistral-7b-instruct"] = gw.models["text-embedding-3-small"]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(text)
    report = await client.batch.run(source, target).finish()
    assert report.complete, report
    assert report.ok == len(text.splitlines())
    assert sorted(request.route for request in gw.requests) == routes
    # Bodies leave as they came in, byte for byte, with what only others know.
    sent = {request.body for request in gw.requests}
    for line in text.splitlines():
        item = json.loads(line)
        body = item.get("body") or item["params"]
        assert line[line.index(json.dumps(body)[:12]) : -1].encode() in sent


async def test_the_output_is_read_as_the_cookbook_reads_it(client: TikHubAI, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(COOKBOOK)
    await client.batch.run(source, target).finish()
    results = [json.loads(line) for line in target.read_text().splitlines()]
    for result in results:
        index = int(result["custom_id"].split("-")[-1])
        assert index in (0, 1)
        assert result["response"]["body"]["choices"][0]["message"]["content"]
        assert result["error"] is None
        assert result["id"].startswith("batch_req_")
        assert result.keys() == {"id", "custom_id", "response", "error"}
        assert result["response"].keys() == {"status_code", "request_id", "body"}


async def test_a_route_that_only_others_have_is_refused_before_anything_is_sent(
    client: TikHubAI, gw: Emulator, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(VLLM + '{"custom_id":"s","method":"POST","url":"/v1/score","body":{"model":"m","queries":"q"}}\n')
    with pytest.raises(InputRefused, match="line 3 calls POST /v1/score"):
        await client.batch.run(source, tmp_path / "out.jsonl").finish()
    assert gw.requests == []


async def test_the_openai_client_reads_the_answers_as_its_own_types(client: TikHubAI, tmp_path: Path) -> None:
    from openai.types.chat import ChatCompletion

    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(COOKBOOK)
    await client.batch.run(source, target).finish()
    for line in target.read_text().splitlines():
        completion = ChatCompletion.model_validate(json.loads(line)["response"]["body"])
        assert completion.choices[0].message.content

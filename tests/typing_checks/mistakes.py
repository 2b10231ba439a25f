"""Checked by mypy and pyright, never run: what both refuse. An error that stops being found is an error itself.

Both are told to report a comment that silences nothing, so each line below proves that its mistake is found.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from tikhub_async import TikHubAI, VideoTask
from tikhub_async.types import ChatCompletionResponse, ChatMessage, ModelList
from tikhub_async.types.sora import VideoResponse


async def a_misspelt_key(client: TikHubAI) -> None:
    await client.openai.chat.completions.create(model="gpt-5", mesages=[])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.openai.chat.completions.stream(model="gpt-5", messages=[], temprature=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.openai.responses.create(model="gpt-5", inputs="Hi")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.openai.embeddings.create(model="m", input="Hi", dimension=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.openai.audio.transcriptions.create(model="m", file=b"", languages_="en")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.claude.messages.create(model="m", max_tokens=5, messages=[], sytem="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.gemini.models.generate_content(model="m", contents="Hi", generationConfig={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.sora.create(model="sora-2", prompt="a", second="8")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.seedance.create(model="m", content=[], ratios="16:9")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.kling.text2video.create(model_name="m", prompt="a", durations=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.veo.generate(model="m", instances=[], parameter={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.seedance.retrieve("task_1", time_out=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.models.list(limit=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.get("/v1/x", query={})  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


async def a_misspelt_key_inside(client: TikHubAI) -> None:
    await client.openai.chat.completions.create(model="gpt-5", messages=[{"role": "user", "contents": "Hi"}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    await client.openai.responses.create(model="gpt-5", input="Hi", reasoning={"efort": "low"})  # type: ignore[typeddict-unknown-key]  # pyright: ignore[reportArgumentType]
    await client.gemini.models.generate_content(model="m", contents="Hi", generation_config={"maxTokens": 5})  # type: ignore[typeddict-unknown-key]  # pyright: ignore[reportArgumentType]
    await client.veo.generate(model="m", instances=[{"prompt": "a"}], parameters={"duration": 5})  # type: ignore[typeddict-unknown-key]  # pyright: ignore[reportArgumentType]


async def a_value_of_the_wrong_type(client: TikHubAI) -> None:
    await client.openai.chat.completions.create(model=5, messages=[])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.openai.chat.completions.create(model="gpt-5", messages="Hi")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.openai.embeddings.create(model="m", input="Hi", encoding_format="hex")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.claude.messages.create(model="m", max_tokens="5", messages=[])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.sora.create(model="sora-2", prompt="a", seconds=8)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.seedance.create(model="m", content=[{"type": "text", "text": "a"}], duration="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.kling.text2video.create(model_name="m", prompt="a", mode=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.veo.generate(model="m", instances=[{"prompt": "a"}], parameters={"durationSeconds": "8"})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    await client.sora.retrieve(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.sora.list(order="newest")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.models.list(timeout="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.post("/v1/x", body=[1])  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    await client.get("/v1/x", cast_to="Usage")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    client.with_options(timeout="30")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.tasks.attach("task_1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def a_missing_key(client: TikHubAI) -> None:
    await client.openai.chat.completions.create(model="gpt-5")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.claude.messages.create(model="m", messages=[])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.gemini.models.generate_content(contents="Hi")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.sora.create(model="sora-2")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.veo.fetch()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.seedance.retrieve()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.get()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


async def a_method_that_says_how_it_answers(client: TikHubAI) -> None:
    await client.openai.chat.completions.create(model="gpt-5", messages=[], stream=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.openai.chat.completions.stream(model="gpt-5", messages=[])  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    async for _ in client.openai.responses.create(model="gpt-5", input="Hi"):  # type: ignore[attr-defined]  # pyright: ignore[reportUnknownVariableType, reportGeneralTypeIssues]
        pass


async def a_history_without_its_annotation(client: TikHubAI) -> None:
    # A list of dicts in a variable of its own is list[dict[str, str]] to both checkers: they cannot know that nothing
    # else will be put into it. Annotated, the same list is checked entry by entry.
    history = [{"role": "user", "content": "Hi"}]
    await client.openai.chat.completions.create(model="gpt-5", messages=history)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    annotated: list[ChatMessage] = [{"role": "user", "content": "Hi"}]
    await client.openai.chat.completions.create(model="gpt-5", messages=annotated)


async def an_answer_taken_for_another(client: TikHubAI) -> None:
    models: ChatCompletionResponse = await client.models.list()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    task: VideoTask[VideoResponse] = await client.seedance.retrieve("task_1")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    name: str = (await client.models.list()).data[0].created  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    listed: ModelList = await client.get("/v1/models")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    print(models, task, name, listed)


async def an_answer_is_frozen(client: TikHubAI) -> None:
    done = await client.openai.chat.completions.create(model="gpt-5", messages=[])
    done.id = "x"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    print(done.choices[0].mesage)  # type: ignore[attr-defined]  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportAttributeAccessIssue]

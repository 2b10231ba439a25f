"""All data of the package, under the schema names of the gateway's documentation.

The 37 documented schemas, and what every program meets, are here; parts, items, blocks and events are in the module
of their provider: `tikhub_async.types.chat`, `.responses`, `.claude`, `.gemini`, `.audio`, `.embeddings`, `.sora`,
`.seedance`, `.kling`, `.veo`, and `.task` for what all video tasks share.

Names are looked up when first used, so that importing one part does not load the types of every provider.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tikhub_async.types._base import Headers, RequestOptions, Response, ResponseMeta, Unknown
    from tikhub_async.types.audio import TranscriptionRequest, TranscriptionResponse, TranscriptionStreamEvent
    from tikhub_async.types.chat import (
        ChatCompletionChoice,
        ChatCompletionChunk,
        ChatCompletionMessage,
        ChatCompletionRequest,
        ChatCompletionResponse,
        ChatMessage,
        ContentFilterResults,
        Tool,
        ToolCall,
    )
    from tikhub_async.types.claude import ClaudeMessageRequest, ClaudeMessageResponse, MessageStreamEvent
    from tikhub_async.types.embeddings import EmbeddingRequest, EmbeddingResponse
    from tikhub_async.types.gemini import (
        GeminiChunk,
        GeminiContent,
        GeminiGenerateContentRequest,
        GeminiGenerateContentResponse,
        GeminiGenerationConfig,
    )
    from tikhub_async.types.kling import (
        KlingImage2VideoRequest,
        KlingTaskDetailResponse,
        KlingTaskListResponse,
        KlingTaskResponse,
        KlingText2VideoRequest,
    )
    from tikhub_async.types.models import ModelInfo, ModelList
    from tikhub_async.types.raw import RawResponse
    from tikhub_async.types.responses import ResponseObject, ResponseRequest, ResponseStreamEvent
    from tikhub_async.types.seedance import SeedanceTaskCreateResponse, SeedanceTaskRequest, SeedanceTaskResponse
    from tikhub_async.types.sora import (
        VideoCreateRequest,
        VideoDeleteResponse,
        VideoListResponse,
        VideoRemixRequest,
        VideoResponse,
    )
    from tikhub_async.types.task import TaskState, TaskStatus
    from tikhub_async.types.usage import UsageInfo
    from tikhub_async.types.veo import (
        VeoFetchOperationRequest,
        VeoFetchOperationResponse,
        VeoGenerateRequest,
        VeoOperationResponse,
    )

_MODULES: dict[str, str] = {
    "ChatCompletionChoice": "chat",
    "ChatCompletionChunk": "chat",
    "ChatCompletionMessage": "chat",
    "ChatCompletionRequest": "chat",
    "ChatCompletionResponse": "chat",
    "ChatMessage": "chat",
    "ClaudeMessageRequest": "claude",
    "ClaudeMessageResponse": "claude",
    "ContentFilterResults": "chat",
    "EmbeddingRequest": "embeddings",
    "EmbeddingResponse": "embeddings",
    "GeminiChunk": "gemini",
    "GeminiContent": "gemini",
    "GeminiGenerateContentRequest": "gemini",
    "GeminiGenerateContentResponse": "gemini",
    "GeminiGenerationConfig": "gemini",
    "Headers": "_base",
    "KlingImage2VideoRequest": "kling",
    "KlingTaskDetailResponse": "kling",
    "KlingTaskListResponse": "kling",
    "KlingTaskResponse": "kling",
    "KlingText2VideoRequest": "kling",
    "MessageStreamEvent": "claude",
    "ModelInfo": "models",
    "ModelList": "models",
    "RawResponse": "raw",
    "RequestOptions": "_base",
    "Response": "_base",
    "ResponseMeta": "_base",
    "ResponseObject": "responses",
    "ResponseRequest": "responses",
    "ResponseStreamEvent": "responses",
    "SeedanceTaskCreateResponse": "seedance",
    "SeedanceTaskRequest": "seedance",
    "SeedanceTaskResponse": "seedance",
    "TaskState": "task",
    "TaskStatus": "task",
    "Tool": "chat",
    "ToolCall": "chat",
    "TranscriptionRequest": "audio",
    "TranscriptionResponse": "audio",
    "TranscriptionStreamEvent": "audio",
    "Unknown": "_base",
    "UsageInfo": "usage",
    "VeoFetchOperationRequest": "veo",
    "VeoFetchOperationResponse": "veo",
    "VeoGenerateRequest": "veo",
    "VeoOperationResponse": "veo",
    "VideoCreateRequest": "sora",
    "VideoDeleteResponse": "sora",
    "VideoListResponse": "sora",
    "VideoRemixRequest": "sora",
    "VideoResponse": "sora",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__


__all__ = [
    "ChatCompletionChoice",
    "ChatCompletionChunk",
    "ChatCompletionMessage",
    "ChatCompletionRequest",
    "ChatCompletionResponse",
    "ChatMessage",
    "ClaudeMessageRequest",
    "ClaudeMessageResponse",
    "ContentFilterResults",
    "EmbeddingRequest",
    "EmbeddingResponse",
    "GeminiChunk",
    "GeminiContent",
    "GeminiGenerateContentRequest",
    "GeminiGenerateContentResponse",
    "GeminiGenerationConfig",
    "Headers",
    "KlingImage2VideoRequest",
    "KlingTaskDetailResponse",
    "KlingTaskListResponse",
    "KlingTaskResponse",
    "KlingText2VideoRequest",
    "MessageStreamEvent",
    "ModelInfo",
    "ModelList",
    "RawResponse",
    "RequestOptions",
    "Response",
    "ResponseMeta",
    "ResponseObject",
    "ResponseRequest",
    "ResponseStreamEvent",
    "SeedanceTaskCreateResponse",
    "SeedanceTaskRequest",
    "SeedanceTaskResponse",
    "TaskState",
    "TaskStatus",
    "Tool",
    "ToolCall",
    "TranscriptionRequest",
    "TranscriptionResponse",
    "TranscriptionStreamEvent",
    "Unknown",
    "UsageInfo",
    "VeoFetchOperationRequest",
    "VeoFetchOperationResponse",
    "VeoGenerateRequest",
    "VeoOperationResponse",
    "VideoCreateRequest",
    "VideoDeleteResponse",
    "VideoListResponse",
    "VideoRemixRequest",
    "VideoResponse",
]

"""Structured output: what `parse` sends to ask for a type, and how the answer becomes one.

| call | how the type is asked for | guaranteed by the provider |
|---|---|---|
| `openai.chat.completions.parse` | `response_format` `json_schema`, strict | yes |
| `openai.responses.parse` | `text.format` `json_schema`, strict | yes |
| `claude.messages.parse` | `output_config.format` `json_schema` | yes |
| `claude.chat.completions.parse` | a forced call of a function with the type as arguments | no |
| `deepseek.chat.completions.parse` | `response_format` `json_object`, the schema in a system message | JSON only |
| `gemini.models.parse` | `response_mime_type` and `response_json_schema` | yes |

The gateway software drops `response_format` on its way to Claude, and DeepSeek takes no `json_schema`: hence the two
other forms. Types are msgspec Structs, dataclasses, TypedDicts and NamedTuples, with containers, `Literal`, enums,
dates and unions inside; a type that is no object in JSON (`list[Step]`, `int`) is wrapped in one and unwrapped.
"""

from tikhub_async.structured._results import (
    Parsed,
    ParsedChatCompletion,
    ParsedContent,
    ParsedMessage,
    ParsedResponse,
)

__all__ = ["Parsed", "ParsedChatCompletion", "ParsedContent", "ParsedMessage", "ParsedResponse"]

"""What content filters and moderation said about a prompt and its answers."""

from typing import ClassVar, Literal, TypeAlias

from tikhub_async.types._base import Model, Unknown


class CodeCitation(Model, frozen=True, kw_only=True, rename={"url": "URL"}):
    """The public repository in which protected code was found."""

    url: str | None = None
    license: str | None = None


class BlocklistMatch(Model, frozen=True, kw_only=True):
    """The verdict of one blocklist of the host's own."""

    id: str | None = None
    filtered: bool | None = None


class ContentFilterResult(Model, frozen=True, kw_only=True):
    """The verdict on one category; which members it has depends on the category."""

    filtered: bool | None = None
    """True when this category withheld text."""
    severity: str | None = None
    """`safe`, `low`, `medium` or `high`: hate, self-harm, sexual, violence."""
    detected: bool | None = None
    """The other categories: found, filtered or not."""
    citation: CodeCitation | None = None
    details: list[BlocklistMatch] | None = None


class ContentFilterResults(Model, frozen=True, kw_only=True):
    """Verdicts of a content filter, by category; None where a category was not looked at.

    Sent by Azure-hosted models only. That the documented schema has this shape is a guess from its name.
    """

    hate: ContentFilterResult | None = None
    self_harm: ContentFilterResult | None = None
    sexual: ContentFilterResult | None = None
    violence: ContentFilterResult | None = None
    profanity: ContentFilterResult | None = None
    jailbreak: ContentFilterResult | None = None
    indirect_attack: ContentFilterResult | None = None
    protected_material_code: ContentFilterResult | None = None
    protected_material_text: ContentFilterResult | None = None
    custom_blocklists: ContentFilterResult | list[BlocklistMatch] | None = None

    @property
    def filtered(self) -> list[str]:
        """The categories that withheld text."""
        verdicts = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return [name for name, verdict in verdicts if getattr(verdict, "filtered", False)]


class PromptFilterResult(Model, frozen=True, kw_only=True):
    """The verdicts on one prompt."""

    prompt_index: int | None = None
    content_filter_results: ContentFilterResults | None = None


class ModerationResult(Model, frozen=True, kw_only=True):
    """The verdict on one text or image."""

    type: str = "moderation_result"
    model: str | None = None
    flagged: bool | None = None
    categories: dict[str, bool] = {}
    """Category, as `self-harm/intent`, → whether it applies."""
    category_scores: dict[str, float] = {}
    """Category → 0…1."""
    category_applied_input_types: dict[str, list[str]] = {}
    """Category → kinds of input it was applied to: `text`, `image`."""


class ModerationResults(Model, frozen=True, kw_only=True, tag_field="type", tag="moderation_results"):
    """The verdicts on one side of the exchange."""

    type: ClassVar[Literal["moderation_results"]] = "moderation_results"
    model: str | None = None
    results: list[ModerationResult] = []


class ModerationFailure(Model, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """Moderation itself failed; the answer stands."""

    type: ClassVar[Literal["error"]] = "error"
    code: str | None = None
    message: str | None = None


ModerationOutcome: TypeAlias = ModerationResults | ModerationFailure | Unknown
"""What moderation found, or that it failed."""


class Moderation(Model, frozen=True, kw_only=True):
    """What moderation said about the prompt (`input`) and the answer (`output`)."""

    input: ModerationOutcome | None = None
    output: ModerationOutcome | None = None


NO_FILTER_RESULTS = ContentFilterResults()
"""What `{}` decodes to: some hosts send it with every chunk."""

__all__ = [
    "NO_FILTER_RESULTS",
    "BlocklistMatch",
    "CodeCitation",
    "ContentFilterResult",
    "ContentFilterResults",
    "Moderation",
    "ModerationFailure",
    "ModerationOutcome",
    "ModerationResult",
    "ModerationResults",
    "PromptFilterResult",
]

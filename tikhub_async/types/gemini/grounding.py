"""What a Gemini answer rests on: search results, pages, places, citations."""

from tikhub_async.types._base import Model, Number


class GeminiModel(Model, frozen=True, kw_only=True, rename="camel"):
    """Base of what Gemini sends: camelCase on the wire, snake_case here."""


class GeminiDate(GeminiModel, frozen=True, kw_only=True):
    """A day; parts of it may be unknown."""

    year: int | None = None
    month: int | None = None
    day: int | None = None


class GeminiCitation(GeminiModel, frozen=True, kw_only=True):
    """A piece of the text that repeats a source."""

    start_index: int | None = None
    """In bytes of the UTF-8 text; the end is exclusive."""
    end_index: int | None = None
    uri: str | None = None
    title: str | None = None
    license: str | None = None
    publication_date: GeminiDate | None = None


class GeminiCitationMetadata(GeminiModel, frozen=True, kw_only=True):
    """Sources the text repeats."""

    citations: list[GeminiCitation] = []


class GeminiWebChunk(GeminiModel, frozen=True, kw_only=True):
    """A web page."""

    uri: str | None = None
    title: str | None = None
    domain: str | None = None


class GeminiImageChunk(GeminiModel, frozen=True, kw_only=True):
    """An image found by search."""

    image_uri: str | None = None
    source_uri: str | None = None
    title: str | None = None
    domain: str | None = None


class GeminiAuthor(GeminiModel, frozen=True, kw_only=True):
    """Who wrote a review."""

    display_name: str | None = None
    photo_uri: str | None = None
    uri: str | None = None


class GeminiReviewSnippet(GeminiModel, frozen=True, kw_only=True):
    """A review of a place."""

    title: str | None = None
    review: str | None = None
    review_id: str | None = None
    relative_publish_time_description: str | None = None
    google_maps_uri: str | None = None
    flag_content_uri: str | None = None
    author_attribution: GeminiAuthor | None = None


class GeminiPlaceAnswerSources(GeminiModel, frozen=True, kw_only=True):
    """Reviews a place's answer rests on."""

    review_snippet: list[GeminiReviewSnippet] | None = None
    """The older name of `review_snippets`."""
    review_snippets: list[GeminiReviewSnippet] | None = None
    flag_content_uri: str | None = None


class GeminiRoute(GeminiModel, frozen=True, kw_only=True):
    """A way between places."""

    distance_meters: int | None = None
    duration: str | None = None
    """Seconds with an `s`."""
    encoded_polyline: str | None = None


class GeminiMapsChunk(GeminiModel, frozen=True, kw_only=True):
    """A place."""

    place_id: str | None = None
    title: str | None = None
    text: str | None = None
    uri: str | None = None
    place_answer_sources: GeminiPlaceAnswerSources | None = None
    route: GeminiRoute | None = None


class GeminiPageSpan(GeminiModel, frozen=True, kw_only=True):
    """Pages, both inclusive."""

    first_page: int | None = None
    last_page: int | None = None


class GeminiRagChunk(GeminiModel, frozen=True, kw_only=True):
    """A passage of a corpus."""

    text: str | None = None
    page_span: GeminiPageSpan | None = None
    chunk_id: str | None = None
    file_id: str | None = None


class GeminiStringList(GeminiModel, frozen=True, kw_only=True):
    """Several texts as one value."""

    values: list[str] = []


class GeminiCustomMetadata(GeminiModel, frozen=True, kw_only=True):
    """A fact that was stored with a document."""

    key: str | None = None
    string_value: str | None = None
    numeric_value: Number | None = None
    string_list_value: GeminiStringList | None = None


class GeminiRetrievedContext(GeminiModel, frozen=True, kw_only=True):
    """A document found by retrieval or file search."""

    uri: str | None = None
    title: str | None = None
    text: str | None = None
    document_name: str | None = None
    rag_chunk: GeminiRagChunk | None = None
    custom_metadata: list[GeminiCustomMetadata] | None = None
    file_search_store: str | None = None
    page_number: int | None = None
    media_id: str | None = None


class GeminiGroundingChunk(GeminiModel, frozen=True, kw_only=True):
    """One source; exactly one field is set."""

    web: GeminiWebChunk | None = None
    image: GeminiImageChunk | None = None
    maps: GeminiMapsChunk | None = None
    retrieved_context: GeminiRetrievedContext | None = None


class GeminiSegment(GeminiModel, frozen=True, kw_only=True):
    """A piece of the answer."""

    part_index: int | None = None
    start_index: int | None = None
    """In bytes of the part's UTF-8 text, absent = 0; the end is exclusive."""
    end_index: int | None = None
    text: str | None = None


class GeminiGroundingSupport(GeminiModel, frozen=True, kw_only=True):
    """Which sources support a piece of the answer."""

    segment: GeminiSegment | None = None
    grounding_chunk_indices: list[int] | None = None
    """Positions in `grounding_chunks`."""
    confidence_scores: list[Number] | None = None
    """0–1, one per index; absent for newer models."""
    rendered_parts: list[int] | None = None


class GeminiRetrievalMetadata(GeminiModel, frozen=True, kw_only=True):
    """How the decision to search came about."""

    google_search_dynamic_retrieval_score: Number | None = None


class GeminiSearchEntryPoint(GeminiModel, frozen=True, kw_only=True):
    """The search suggestions that Google's terms ask to show."""

    rendered_content: str | None = None
    """HTML with styles."""
    sdk_blob: str | None = None


class GeminiSourceFlaggingUri(GeminiModel, frozen=True, kw_only=True):
    """Where to report a source."""

    source_id: str | None = None
    flag_content_uri: str | None = None


class GeminiGroundingMetadata(GeminiModel, frozen=True, kw_only=True):
    """Sources, and which piece of the answer rests on which."""

    web_search_queries: list[str] | None = None
    image_search_queries: list[str] | None = None
    retrieval_queries: list[str] | None = None
    grounding_chunks: list[GeminiGroundingChunk] | None = None
    grounding_supports: list[GeminiGroundingSupport] | None = None
    search_entry_point: GeminiSearchEntryPoint | None = None
    retrieval_metadata: GeminiRetrievalMetadata | None = None
    google_maps_widget_context_token: str | None = None
    source_flagging_uris: list[GeminiSourceFlaggingUri] | None = None


class GeminiUrlMetadata(GeminiModel, frozen=True, kw_only=True):
    """One page the model read."""

    retrieved_url: str | None = None
    url_retrieval_status: str | None = None
    """As `URL_RETRIEVAL_STATUS_SUCCESS`."""


class GeminiUrlContextMetadata(GeminiModel, frozen=True, kw_only=True):
    """Pages the model read."""

    url_metadata: list[GeminiUrlMetadata] = []

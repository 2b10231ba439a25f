"""Embeddings, `POST /v1/embeddings`.

Source: https://ai-docs.tikhub.io/421251332e0. Only the names of its schemas could be read there; their
members are those of the gateway software and of OpenAI's API reference.
"""

import binascii
import sys
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Required, TypedDict

from tikhub_async.types._base import Model, RequestOptions, Response
from tikhub_async.types.usage import UsageInfo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class EmbeddingRequest(TypedDict, total=False):
    """The JSON body of an embeddings call."""

    model: Required[str]
    """As `text-embedding-3-small`."""
    input: Required[str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]]
    """One text, up to 2048 texts, one text as token ids, or several of them; none may be empty."""
    dimensions: int
    """Length of the vectors, for models that can shorten them; >= 1."""
    encoding_format: Literal["float", "base64"]
    """`base64` costs about a third of the bytes and a fifth of the CPU. Read either with `floats()`."""
    user: str
    """A stable, anonymous id of your user."""


class EmbeddingParams(EmbeddingRequest, RequestOptions, total=False):
    """What `embeddings.create` takes."""


class Embedding(Model, frozen=True, kw_only=True):
    """The vector of one input."""

    object: str = "embedding"
    index: int = 0
    """Which input this belongs to."""
    embedding: list[float] | str = []
    """As received: n_dims numbers, or base64 of n_dims little-endian 32-bit floats."""

    def to_bytes(self) -> bytes:
        """The vector as little-endian 32-bit floats, 4 × n_dims bytes, to be stored or sent on.

        Raises:
            ValueError: The base64 text is damaged.
        """
        if isinstance(self.embedding, str):
            return _unpack(self.embedding)
        return _swapped(array("f", self.embedding)).tobytes()

    def floats(self) -> "array[float]":
        """The vector as a compact array of n_dims 32-bit floats, the caller's to keep and change.

        Decoded anew on each call and never by way of a list, so keep the result if you need it twice.
        It is a buffer: `numpy.asarray`, `torch.frombuffer` and `memoryview` take it without a copy.

        Raises:
            ValueError: The base64 text is damaged.
        """
        if not isinstance(self.embedding, str):
            return array("f", self.embedding)
        numbers = array("f")
        numbers.frombytes(_unpack(self.embedding))
        return _swapped(numbers)

    def as_numpy(self) -> "NDArray[np.float32]":
        """The vector as a new numpy array of shape (n_dims,), float32, writable.

        Raises:
            ImportError: numpy is not installed.
            ValueError: The base64 text is damaged.
        """
        vector: NDArray[np.float32] = _numpy().asarray(self.floats())
        return vector


class EmbeddingResponse(Response, frozen=True, kw_only=True):
    """The vectors of all inputs."""

    object: str = "list"
    data: list[Embedding] = []
    model: str = ""
    usage: UsageInfo | None = None

    def as_numpy(self) -> "NDArray[np.float32]":
        """All vectors as one new numpy array of shape (n_inputs, n_dims), float32, in the order of the inputs.

        Raises:
            ImportError: numpy is not installed.
            ValueError: The base64 text is damaged, or the vectors differ in length.
        """
        numpy = _numpy()
        rows = [item.floats() for item in sorted(self.data, key=lambda item: item.index)]
        matrix: NDArray[np.float32] = numpy.empty((len(rows), len(rows[0]) if rows else 0), numpy.float32)
        for place, row in enumerate(rows):
            matrix[place] = row
        return matrix


def _unpack(text: str) -> bytes:
    packed = binascii.a2b_base64(text, strict_mode=True)
    if len(packed) % 4:
        raise ValueError(f"an embedding of {len(packed)} bytes is not a row of 32-bit floats")
    return packed


def _swapped(numbers: "array[float]") -> "array[float]":
    """`numbers` between the wire's little-endian order and this machine's."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as missing:
        raise ImportError(
            "as_numpy() needs numpy, which tikhub-async does not install: run `pip install numpy`, or use floats()"
        ) from missing
    return numpy

"""Pieces of text that arrived one by one, as one text."""

from collections.abc import Iterable


def joined(pieces: Iterable[str]) -> str:
    """The pieces as one text; a character whose UTF-16 halves came in two pieces is whole again."""
    text = "".join(pieces)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:  # "\ud83d" at the end of one piece and "\ude00" at the start of the next
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return text

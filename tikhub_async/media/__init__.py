"""Images, sound, PDFs and videos as input, in each provider's own form.

    photo = await Media.open("cat.jpg")            # a path, bytes, an open file, https://…, gs://…, data:…
    message = {"role": "user", "content": [{"type": "text", "text": "Who is this?"}, photo.chat()]}

| form | image | audio | PDF | video |
|---|---|---|---|---|
| `chat()` | bytes, URL | bytes | bytes | bytes, URL |
| `responses()` | bytes, URL | – | bytes, URL | – |
| `claude()` | bytes, URL | – | bytes, URL | – |
| `gemini()` | bytes, URL | bytes, URL | bytes, URL | bytes, URL |
| `seedance()` | bytes, URL | URL | – | URL |
| `kling()` | bytes, URL | – | – | – |
| `veo()` | bytes, gs:// | – | – | bytes, gs:// |

What a provider would refuse (a kind, a type, a size) is refused here, before it costs anything.
"""

from tikhub_async.media._content import Kind
from tikhub_async.media._media import Media

__all__ = ["Kind", "Media"]

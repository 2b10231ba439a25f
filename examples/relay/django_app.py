"""Django under ASGI: `uvicorn examples.relay.django_app:app --lifespan off`.

A project has settings and views in files of their own; here they stand together. Under WSGI Django would collect a whole
stream before it sends the first byte.
"""

import json
from functools import cache

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tikhub_async import TikHubAI

if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="only for this example")


@cache
def client() -> TikHubAI:
    """One client for the whole process: Django has no lifespan, and making one opens nothing."""
    return TikHubAI()


@csrf_exempt  # only so that the example can be called without a form
async def chat(request: HttpRequest) -> StreamingHttpResponse:
    """An answer as it is written."""
    question = json.loads(request.body)["question"]
    stream = client().openai.chat.completions.stream(model="gpt-5", messages=[{"role": "user", "content": question}])
    relay = stream.relay()
    return StreamingHttpResponse(relay, headers=relay.headers)


async def video(request: HttpRequest, provider: str, task_id: str) -> StreamingHttpResponse:
    """How far a video is."""
    relay = client().tasks.attach((provider, task_id)).relay()
    return StreamingHttpResponse(relay, headers=relay.headers)


urlpatterns = [path("chat", chat), path("videos/<str:provider>/<str:task_id>", video)]
app = get_asgi_application()

"""`/v1/video/generations`: the software's own route for every video family. TikHub does not document it."""

from tikhub_async.testing._exchange import Route
from tikhub_async.testing.routes.sora import check, create
from tikhub_async.testing.routes.video import GENERIC_TYPES, look

PATH = "/v1/video/generations"
ROUTES = (
    Route("generations.create", "POST", PATH, create, "task", check, GENERIC_TYPES),
    Route("generations.retrieve", "GET", f"{PATH}/{{id}}", look, "task", model="empty", paid=False),
)

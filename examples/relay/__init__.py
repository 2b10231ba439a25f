"""The same two routes in six web frameworks: a streamed chat, and the progress of a video."""

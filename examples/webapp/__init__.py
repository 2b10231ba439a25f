"""A web application: a chat that streams from any provider, and videos from any provider, with live progress."""

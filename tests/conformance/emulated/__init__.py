"""The emulator against the gateway software: every recorded request of a route that it serves, asked again."""

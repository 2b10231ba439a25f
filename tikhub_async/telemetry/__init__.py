"""What a client does, for those who watch: hooks, metering, logs; the OpenTelemetry adapter is in `telemetry.otel`.

    class Slow(Hooks):
        def on_end(self, call: Call) -> None:
            if call.seconds > 10:
                print(call.where, call.seconds, call.tokens.output_tokens)


    client = TikHubAI(hooks=[Slow()])

    with client.meter() as meter:  # sums everything inside, also in tasks that are started there
        ...
    print(meter.total, meter.unknown)

Nothing of it needs an extra but `telemetry.otel`.
"""

from tikhub_async.telemetry._calls import Call, Hooks
from tikhub_async.telemetry._meter import Meter, Spent
from tikhub_async.telemetry._tokens import Tokens, tokens_of

__all__ = [
    "Call",
    "Hooks",
    "Meter",
    "Spent",
    "Tokens",
    "tokens_of",
]

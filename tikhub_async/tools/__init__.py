"""Functions that models may call: `@tool` makes one, `run_tools` lets a model use them until it answers.

    @tool
    async def temperature(city: str, unit: Literal["C", "F"] = "C") -> float:
        '''The temperature outside, now; `city` in English.'''

    run = run_tools(client.openai.chat.completions, [temperature], model="gpt-5", messages=[...])
    completion = await run.final()

It works alike with `client.<provider>.chat.completions`, `client.openai.responses`, `client.claude.messages` and
`client.gemini.models`, with the parameters of each.
"""

from tikhub_async.tools._function import Tool, tool
from tikhub_async.tools._run import run_tools
from tikhub_async.tools._runner import ToolCalled, ToolReturned, ToolRunner, TurnEnded

__all__ = ["Tool", "ToolCalled", "ToolReturned", "ToolRunner", "TurnEnded", "run_tools", "tool"]

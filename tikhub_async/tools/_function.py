"""`@tool`: a Python function as something that a model may call."""

import functools
import inspect
import re
from collections.abc import Callable
from typing import (
    Annotated,
    Any,
    Generic,
    ParamSpec,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

import anyio.to_thread
import msgspec

from tikhub_async._wire import codec
from tikhub_async._wire.schema import PLAIN, Dialect, Json
from tikhub_async._wire.typed import NotFitting, TypeForm
from tikhub_async.errors import InvalidParameter
from tikhub_async.tools._docstrings import read_docstring

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
"""What all providers take as a function's name."""

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Tool(Generic[P, R_co]):
    """A function with what a model needs to know of it. Calling it calls the function.

    Attributes:
        name: As the model calls it.
        description: What it does; the docstring up to its first section.
        strict: Whether the provider is asked to keep the arguments to the schema.
        timeout: Seconds a call may take; None for no limit of its own.
    """

    def __init__(
        self,
        function: Callable[P, R_co],
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Read the function's hints and docstring. Arguments as for `tool`.

        Raises:
            InvalidParameter: The name, a parameter or its type cannot be told to a model.
        """
        bare = _bare(function)
        told, self._texts = read_docstring(inspect.getdoc(bare))
        self.name: str = name if name is not None else getattr(bare, "__name__", type(bare).__name__)
        if not NAME.match(self.name):
            raise InvalidParameter(
                "name", f"must be 1…64 letters, digits, _ or -, got {self.name!r}", hint="@tool(name=…) gives another"
            )
        self.description = told if description is None else description
        self.strict = strict
        self.timeout = timeout
        self._function = function
        self._parameters = _parameters(function, self.name)
        self._arguments = self._arguments_type(_hints(function, self.name))
        self._form: TypeForm[msgspec.Struct] = TypeForm(self._arguments, PLAIN, self.name)
        functools.update_wrapper(self, bare, updated=())
        self.__name__: str = getattr(bare, "__name__", self.name)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """What the function returns: for an async one, to be awaited."""
        return self._function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Tool {self.name}({', '.join(self._parameters)})>"

    @property
    def parameters(self) -> Json:
        """JSON schema of the arguments."""
        return self._form.schema

    def schema(self, dialect: Dialect) -> Json:
        """JSON schema of the arguments as a provider's strict mode takes it.

        Raises:
            InvalidParameter: It cannot express a parameter.
        """
        return TypeForm[msgspec.Struct](self._arguments, dialect, self.name).schema

    async def run(self, arguments: str | bytes) -> Any:
        """Call the function with arguments that a model wrote; one that is not async runs in a thread.

        Args:
            arguments: A JSON object; "" stands for no arguments.

        Raises:
            InvalidParameter: They are not JSON, or do not fit the hints.
            Exception: What the function raises.
        """
        try:
            decoded = self._form.decode(arguments if arguments.strip() else b"{}")
        except NotFitting as misfit:
            path, problem = misfit.path.removeprefix("$").lstrip("."), misfit.problem
        else:
            return await self._call(decoded)
        raise InvalidParameter(path or "arguments", problem)

    async def _call(self, arguments: msgspec.Struct) -> Any:
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for name, parameter in self._parameters.items():
            value = getattr(arguments, name)
            if value is msgspec.UNSET:
                value = parameter.default
            if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
                args.append(value)
            else:
                kwargs[name] = value
        function: Callable[..., Any] = self._function
        call = functools.partial(function, *args, **kwargs)
        if _is_async(function):
            return await call()
        result = await anyio.to_thread.run_sync(call, abandon_on_cancel=True)
        return await result if inspect.isawaitable(result) else result

    def _arguments_type(self, hints: dict[str, Any]) -> type[msgspec.Struct]:
        fields: list[tuple[str, Any, Any] | tuple[str, Any]] = []
        for name, parameter in self._parameters.items():
            hint = _described(hints.get(name, Any), self._text(parameter))
            if parameter.default is inspect.Parameter.empty:
                fields.append((name, hint))
            else:
                fields.append((name, Union[hint, msgspec.UnsetType], msgspec.UNSET))
        try:
            return msgspec.defstruct(f"{self.name}_arguments", fields, kw_only=True)
        except (TypeError, ValueError) as failure:
            problem = str(failure)
        raise InvalidParameter(self.name, f"its parameters cannot be read: {problem}")

    def _text(self, parameter: inspect.Parameter) -> str:
        text = self._texts.get(parameter.name, "")
        default = parameter.default
        if default is None or not isinstance(default, str | int | float):
            return text
        return f"{text} Default: {codec.encode(default).decode()}.".strip()


AnyTool = Tool[..., Any]


def as_tool(function: Callable[..., Any]) -> AnyTool:
    """A function as a tool; a tool as it is."""
    return cast("AnyTool", function) if isinstance(function, Tool) else Tool(function)


def _bare(function: Any) -> Any:
    """The function under its partials."""
    while isinstance(function, functools.partial):
        function = function.func  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return function


def _is_async(function: Any) -> bool:
    bare = _bare(function)
    if not (inspect.isfunction(bare) or inspect.ismethod(bare)):
        bare = type(bare).__call__  # an object that can be called
    return inspect.iscoroutinefunction(bare)


def _parameters(function: Callable[..., Any], name: str) -> dict[str, inspect.Parameter]:
    parameters = dict(inspect.signature(function).parameters)
    for parameter in parameters.values():
        path = f"{name}({parameter})"
        if parameter.kind in _VARIADIC:
            raise InvalidParameter(path, "a model cannot be told what goes there", hint="name the parameters")
        if parameter.name in ("self", "cls") and parameter is next(iter(parameters.values())):
            raise InvalidParameter(path, "is a method without its object", hint="tool(thing.method)")
    return parameters


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    bare = _bare(function)
    if not (inspect.isfunction(bare) or inspect.ismethod(bare)):
        bare = type(bare).__call__
    try:
        return get_type_hints(bare, include_extras=True)
    except NameError as failure:
        problem = str(failure)
    raise InvalidParameter(
        name, f"its hints cannot be read: {problem}", hint="define the types of a tool at the top of its module"
    )


def _described(hint: Any, text: str) -> Any:
    """The hint with a text for the model, unless it brings its own."""
    if not text:
        return hint
    notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    if any(isinstance(note, msgspec.Meta) and note.description for note in notes):
        return hint
    return Annotated[hint, msgspec.Meta(description=text)]


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...


@overload
def tool(
    *, name: str | None = None, description: str | None = None, strict: bool = False, timeout: float | None = None
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...


def tool(  # noqa: D417 - the options are those of the second overload
    function: Callable[..., Any] | None = None, /, **options: Any
) -> Any:
    """Make a function callable for models; use it as `@tool` or `@tool(…)`.

    Hints become the JSON schema of the arguments, the docstring its texts: what stands before the first section, and
    the entries under `Args:`. A parameter with a default may be left out by the model. Async functions run on the
    loop, others in a thread.

    Args:
        function: The function, or any callable with hints.

    Keyword Args:
        name (str): Instead of the function's own.
        description (str): Instead of the docstring's.
        strict (bool): Ask the provider to keep the arguments to the schema (OpenAI, Claude); the types must fit its
            subset. Arguments are checked here in any case, and what does not fit goes back to the model.
        timeout (float): Seconds a call may take, > 0; then the model is told so. Default: that of the run. A function
            in a thread is no longer waited for then, but not stopped.

    Raises:
        InvalidParameter: The name, a parameter or its type cannot be told to a model.
    """
    return Tool(function, **options) if function is not None else functools.partial(Tool, **options)

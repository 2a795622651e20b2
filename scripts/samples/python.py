"""A sample for the Python client (`clients/python`)."""

import json
from collections.abc import Iterator
from typing import Any, cast

from scripts.samples.calls import FORM, Call, snake
from scripts.samples.values import Given
from scripts.samples.wrap import wrapped

LANG, LABEL = "Python", "Python"
_WIDTH = 88
# How the client types a text of this format: the class, where it is imported from, and how it is made of the text.
_FORMATS = {"uuid": ("uuid", "UUID", "UUID({})"), "date-time": ("datetime", "datetime", "datetime.fromisoformat({})")}


class _Writer:
    """Writes values as the client takes them, and remembers what has to be imported."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.models: set[str] = set()
        self.bodies: set[str] = set()
        self.imports: set[tuple[str, str]] = set()

    def _members(self, schema: dict[str, Any], value: dict[str, Any]) -> Iterator[tuple[str, str]]:
        for name, entry in value.items():
            yield name, self.value(schema["properties"][name], entry)

    def _text(self, name: str, schema: dict[str, Any], value: str) -> str:
        quoted = f"'{value}'" if '"' in value and "'" not in value else json.dumps(value, ensure_ascii=False)
        if "enum" in schema:
            self.models.add(name)
            return f"{name}({quoted})"
        if schema.get("format") in _FORMATS:
            module, cls, made = _FORMATS[schema["format"]]
            self.imports.add((module, cls))
            return made.format(quoted)
        return quoted

    def value(self, schema: dict[str, Any], value: Any) -> str:
        """Write a value of a schema."""
        name, resolved = self._call.schema_of(schema, value)
        match value:
            case Given() if resolved.get("format") == "binary":
                self.imports.add(("pathlib", "Path"))
                return f'Path(os.environ["{value.variable}"]).read_bytes()'
            case Given():
                return f'os.environ["{value.variable}"]'
            case str():
                return self._text(name, resolved, value)
            case dict():
                self.models.add(name)
                members = self._members(resolved, cast("dict[str, Any]", value))
                return wrapped(f"{name}(", [f"{key}={text}" for key, text in members], ")", width=_WIDTH)
            case list():
                entries = [self.value(resolved["items"], entry) for entry in cast("list[Any]", value)]
                return wrapped("[", entries, "]", width=_WIDTH)
            case _:
                return repr(value)


def _files(call: Call) -> list[tuple[str, Given]]:
    """Return the files of a form, each with the name of its field."""
    fields = cast("dict[str, list[Given]]", call.body) if call.media_type == FORM else {}
    return [(field, file) for field, files in fields.items() for file in files]


def _body(call: Call, writer: _Writer) -> str:
    """Write the body: files as parts, what else is no JSON as it is, and all other bodies as models."""
    if call.media_type == FORM:
        writer.bodies |= {"FilePart", "MultipartBody"}
        parts = [
            f'FilePart("{field}", {file.variable.lower()}.read_bytes(), {file.variable.lower()}.name)'
            for field, file in _files(call)
        ]
        # Always on lines of their own, which end in a comma: a tuple of one needs it too.
        return wrapped("MultipartBody((", parts, "))", width=0)
    return repr(call.body.encode()) if isinstance(call.body, str) else writer.value(call.body_schema, call.body)


def _arguments(call: Call, writer: _Writer) -> list[str]:
    """Write the arguments of the method: headers by the names that Python gives them, all others by their own."""
    words = [
        f"{snake(argument.name) if argument.location == 'header' else argument.name}"
        f"={writer.value(argument.schema, argument.value)}"
        for argument in call.arguments
    ]
    if not call.media_type:
        return words
    return [*words, f"body={_body(call, writer)}"]


def render(call: Call) -> str:
    """Write the program."""
    writer = _Writer(call)
    credentials = [f'{snake(entry.name)}=os.environ["{entry.variable}"]' for entry in call.credentials]
    if besides := [entry for entry in call.credentials if entry.cookie and entry.scheme["in"] != "cookie"]:
        # The client sends the cookies of the contract's security itself.
        cookies = "; ".join(f"{entry.cookie}={{os.environ['{entry.variable}']}}" for entry in besides)
        credentials.append(f'default_headers={{"Cookie": f"{cookies}"}}')
    client = wrapped("with Client(", ['base_url=os.environ["GALLEY_URL"]', *credentials], ") as client:", width=_WIDTH)
    method = f"client.{snake(call.tag)}.{snake(call.operation_id)}("
    result = snake(call.answer)
    assignment = f"{result} = " if result else ""
    opened = [f'{file.variable.lower()} = Path(os.environ["{file.variable}"])' for _, file in _files(call)]
    writer.imports |= {("pathlib", "Path") for _ in opened}
    lines = [*opened, wrapped(assignment + method, _arguments(call, writer), ")", width=_WIDTH - 4)]
    if result:
        lines.append(f"print({result})")
    modules = ["import os", *sorted(f"from {module} import {name}" for module, name in writer.imports)]
    own = ["from galley_client import Client"]
    if writer.bodies:
        own.append(f"from galley_client.bodies import {', '.join(sorted(writer.bodies))}")
    if writer.models:
        own.append(wrapped("from galley_client.models import ", sorted(writer.models), "", width=_WIDTH))
    body = "\n".join(f"    {line}" for line in "\n".join(lines).split("\n"))
    return "\n".join([*modules, "", *own, "", client, body]) + "\n"

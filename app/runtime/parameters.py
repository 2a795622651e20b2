"""Parameters: from the texts that a request brings to the arguments of a handler, in one strict pass of Pydantic."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from keyword import iskeyword
from typing import Any, Literal, cast

from pydantic import ValidationError
from pydantic_core import SchemaValidator
from pydantic_core.core_schema import (
    CoreSchema,
    bool_schema,
    chain_schema,
    date_schema,
    datetime_schema,
    enum_schema,
    float_schema,
    int_schema,
    no_info_after_validator_function,
    str_schema,
    typed_dict_field,
    typed_dict_schema,
    uuid_schema,
)

from app.contract import resolve
from app.fields import representable
from app.problems import FieldError, MalformedRequest
from app.runtime.arrived import Arrived
from generated import models

Place = Literal["path", "query", "header", "cookie"]

# JSON's own forms of numbers (RFC 8259, section 6); what has another form stays a text, and is refused as such.
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
# Of more digits Python makes no integer; of fewer the contract's bounds are what is said.
_MOST_DIGITS = sys.int_info.default_max_str_digits
# Keywords that say nothing of what is valid.
_SILENT = frozenset({"type", "format", "default", "description", "examples", "title", "deprecated", "x-enum-varnames"})
_OF_NUMBERS = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}
_OF_TEXTS = {"minLength": "min_length", "maxLength": "max_length", "pattern": "pattern"}
# Their lexical forms are narrower than Pydantic's; app/strict.py holds them before.
_OF_FORMATS: dict[str, Callable[[], CoreSchema]] = {
    "uuid": uuid_schema,
    "date-time": lambda: no_info_after_validator_function(representable, datetime_schema(tz_constraint="aware")),
    "date": date_schema,
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation: where its text stands, and the argument that it becomes."""

    argument: str
    name: str
    place: Place
    required: bool
    kind: str
    default: object
    schema: CoreSchema
    # What the contract demands of it, for people.
    demands: str


def _typed(text: str, kind: str) -> object:
    """Return the value that a text is, or the text where it is no value of this kind."""
    if kind == "boolean":
        return text == "true" if text in ("true", "false") else text
    if kind == "integer":
        return int(text) if len(text) <= _MOST_DIGITS and _INTEGER.fullmatch(text) else text
    return float(text) if _NUMBER.fullmatch(text) else text


def _keywords(schema: Mapping[str, Any], known: Mapping[str, str], where: str) -> dict[str, Any]:
    """Return the keywords in Pydantic's words. Raises RuntimeError for one that would not be enforced."""
    if unknown := schema.keys() - known.keys() - _SILENT:
        raise RuntimeError(f"{where}: nothing enforces {', '.join(sorted(unknown))} of a parameter")
    return {known[name]: value for name, value in schema.items() if name in known}


def _enum(named: Mapping[str, Any], where: str) -> type[Enum]:
    reference = str(named.get("$ref", ""))
    if not reference:
        raise RuntimeError(f"{where}: give the schema of an enum a file of its own, so that it has a name")
    return cast("type[Enum]", getattr(models, reference.rpartition("/")[2]))


def _compiled(named: Mapping[str, Any], where: str) -> CoreSchema:
    """Return what Pydantic makes of a schema of the contract. Raises RuntimeError for what is no single value."""
    schema = resolve(dict(named))
    if "enum" in schema:
        members = _enum(named, where)
        return enum_schema(members, list(members), sub_type="str")
    match schema:
        case {"type": "string", "format": format_} if format_ in _OF_FORMATS:
            text = _keywords(schema, _OF_TEXTS, where)
            made = _OF_FORMATS[format_]()
            return chain_schema([str_schema(strict=True, **text), made]) if text else made
        case {"type": "string"}:
            return str_schema(strict=True, **_keywords(schema, _OF_TEXTS, where))
        case {"type": "integer"}:
            return int_schema(strict=True, **_keywords(schema, _OF_NUMBERS, where))
        case {"type": "number"}:
            return float_schema(strict=True, allow_inf_nan=False, **_keywords(schema, _OF_NUMBERS, where))
        case {"type": "boolean"}:
            _keywords(schema, {}, where)
            return bool_schema(strict=True)
        case _:
            raise RuntimeError(f"{where}: a parameter is one text, number or boolean; {schema.get('type')} is not read")


def _default(named: Mapping[str, Any], where: str) -> object:
    schema = resolve(dict(named))
    default = named.get("default", schema.get("default"))
    return _enum(named, where)(default) if default is not None and "enum" in schema else default


def _demands(schema: Mapping[str, Any]) -> str:
    words = [str(schema.get("format", schema["type"]))]
    words += [f"{name} {value}" for name, value in schema.items() if name in _OF_NUMBERS or name in _OF_TEXTS]
    if "enum" in schema:
        words.append(f"one of {', '.join(map(str, schema['enum']))}")
    return ", ".join(words)


def argument_of(name: str, place: Place) -> str:
    """Return the argument that a parameter becomes: the header `If-Match` is `if_match`, and `from` is `from_`."""
    word = re.sub(r"\W", "_", name.lower() if place == "header" else name)
    return f"{word}_" if iskeyword(word) else word


def parameter(described: Mapping[str, Any], operation: str) -> Parameter:
    """Return a parameter as the contract describes it. Raises RuntimeError for what could not be enforced."""
    name, place = described["name"], described["in"]
    where = f"{operation}: {place} parameter {name}"
    if "schema" not in described:
        raise RuntimeError(f"{where}: only a parameter with a schema is read")
    schema = resolve(described["schema"])
    return Parameter(
        argument=argument_of(name, place),
        name=name,
        place=place,
        required=described.get("required", False),
        kind=str(schema.get("type")),
        default=_default(described["schema"], where),
        schema=_compiled(described["schema"], where),
        demands=_demands(schema),
    )


class Parameters:
    """The parameters of one operation, compiled."""

    def __init__(self, operation: str, described: Sequence[Mapping[str, Any]]) -> None:
        """Compile what the contract describes. Raises RuntimeError for what could not be enforced."""
        self.all = [parameter(entry, operation) for entry in described]
        self._names = {entry.argument: entry.name for entry in self.all}
        if len(self._names) < len(self.all):
            raise RuntimeError(f"{operation}: two parameters are the same argument")
        self._defaults = {entry.argument: entry.default for entry in self.all if not entry.required}
        self._path = [(entry.argument, entry.name, _unless_text(entry)) for entry in self.all if entry.place == "path"]
        self._query = [
            (entry.argument, entry.name, _unless_text(entry)) for entry in self.all if entry.place == "query"
        ]
        self._headers = [
            (entry.argument, entry.name.lower().encode(), _unless_text(entry))
            for entry in self.all
            if entry.place == "header"
        ]
        self._cookies = [
            (entry.argument, entry.name, _unless_text(entry)) for entry in self.all if entry.place == "cookie"
        ]
        fields = {entry.argument: typed_dict_field(entry.schema, required=entry.required) for entry in self.all}
        self._validate = SchemaValidator(typed_dict_schema(fields)).validate_python if self.all else dict[str, Any]

    def refuse_unreadable(self, arrived: Arrived) -> None:
        """Raise MalformedRequest where the value of a header is not ASCII, as which all of them are read."""
        for _, key, _ in self._headers:
            if not arrived.headers.get(key, b"").isascii():
                raise MalformedRequest

    def read(self, arrived: Arrived) -> tuple[dict[str, Any], list[FieldError]]:
        """Return the arguments, and what is wrong with the parameters; where anything is, the arguments are none."""
        texts: dict[str, object] = {}
        for argument, name, kind in self._path:
            text = arrived.path[name]
            texts[argument] = _typed(text, kind) if kind else text
        if query := arrived.query:
            for argument, name, kind in self._query:
                if (text := query.get(name)) is not None:
                    texts[argument] = _typed(text, kind) if kind else text
        for argument, key, kind in self._headers:
            if (given := arrived.headers.get(key)) is not None:
                text = given.decode("ascii")
                texts[argument] = _typed(text, kind) if kind else text
        for argument, name, kind in self._cookies:
            if (text := arrived.cookies.get(name)) is not None:
                texts[argument] = _typed(text, kind) if kind else text
        try:
            return {**self._defaults, **self._validate(texts)}, []
        except ValidationError as failure:
            return {}, self._errors(failure)

    def _errors(self, failure: ValidationError) -> list[FieldError]:
        return [
            {"parameter": self._names[str(found["loc"][0])], "code": found["type"], "detail": found["msg"][:1000]}
            for found in failure.errors(include_url=False, include_context=False, include_input=False)
        ]


def _unless_text(entry: Parameter) -> str:
    """Return the kind of a value that is no text, else nothing."""
    return "" if entry.kind == "string" else entry.kind

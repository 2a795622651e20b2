"""What a sample shows: one call of an operation, with values from the contract."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.samples.recorded import ANYBODY, OPENAPI, Recorded, recorded
from scripts.samples.values import branch, example, given, resolved

FORM = "multipart/form-data"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SAFE = ("get", "head", "options", "trace")
# The parameter that says how long a page is: a sample asks for a short one.
PAGE_LENGTH = "limit"
SHORT_PAGE = 5


@dataclass(frozen=True)
class Argument:
    """A parameter with its value."""

    name: str
    location: str
    value: Any
    schema: dict[str, Any]


@dataclass(frozen=True)
class Credential:
    """A security scheme, and the variable that holds what it asks for."""

    name: str
    scheme: dict[str, Any]

    @property
    def is_bearer(self) -> bool:
        """Whether it is a token in the header Authorization."""
        return self.scheme["type"] in ("oauth2", "openIdConnect") or self.scheme.get("scheme") == "bearer"

    @property
    def variable(self) -> str:
        """The environment variable."""
        return "GALLEY_TOKEN" if self.is_bearer else f"GALLEY_{snake(self.name).upper()}"

    @property
    def cookie(self) -> str | None:
        """The cookie that holds the credential, or that a browser sends beside its header (`x-csrf-cookie`)."""
        return self.scheme["name"] if self.scheme.get("in") == "cookie" else self.scheme.get("x-csrf-cookie")


@dataclass(frozen=True)
class Call:
    """One call of an operation; `answer` is the component that a success returns, if any, as `answer_type`."""

    contract: dict[str, Any]
    operation_id: str
    method: str
    path: str
    tag: str
    arguments: list[Argument]
    credentials: list[Credential]
    media_type: str = ""
    body: Any = None
    body_schema: dict[str, Any] = field(default_factory=dict[str, Any])
    answer: str = ""
    answer_type: str = ""

    def located(self, location: str) -> list[Argument]:
        """Return the parameters of a place: `path`, `query`, `header` or `cookie`."""
        return [argument for argument in self.arguments if argument.location == location]

    def schema_of(self, schema: dict[str, Any], value: object) -> tuple[str, dict[str, Any]]:
        """Return the component that a value is of, which may have no name, and its schema."""
        chosen = branch(self.contract, schema, value)
        return component(chosen), resolved(self.contract, chosen)


def snake(name: str) -> str:
    """Write a name as Python does: `createPost` becomes `create_post`."""
    return re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).lower()


def component(schema: dict[str, Any]) -> str:
    """Return the name of the component that a schema refers to."""
    return schema.get("$ref", "").rpartition("/")[2]


def _shown(contract: dict[str, Any], parameter: dict[str, Any], method: str) -> tuple[bool, Any]:
    """Show what is required, the headers that make a write safe, and a short page of what is a list."""
    name, location = parameter["name"], parameter["in"]
    if name == PAGE_LENGTH and location == "query":
        return True, SHORT_PAGE
    if parameter.get("required") or (location == "header" and method not in SAFE):
        return True, example(contract, parameter, name)
    return False, None


def _sent(contract: dict[str, Any], parameter: dict[str, Any], record: Recorded) -> tuple[bool, Any]:
    """Show what was sent, with the type that it has in the contract."""
    text = record.value(parameter["in"], parameter["name"])
    if text is None:
        return False, None
    kind = resolved(contract, parameter["schema"]).get("type")
    return True, json.loads(text) if kind in ("integer", "number", "boolean") else text


def _arguments(
    contract: dict[str, Any], item: dict[str, Any], method: str, record: Recorded | None
) -> Iterator[Argument]:
    for entry in [*item.get("parameters", []), *item[method].get("parameters", [])]:
        parameter = resolved(contract, entry)
        shown, value = _sent(contract, parameter, record) if record else _shown(contract, parameter, method)
        if shown:
            yield Argument(parameter["name"], parameter["in"], value, parameter["schema"])


def _credentials(contract: dict[str, Any], operation: dict[str, Any], record: Recorded | None) -> list[Credential]:
    """Return what the first way of calling demands; where one may call without credentials, none."""
    alternatives: list[dict[str, Any]] = operation.get("security", contract.get("security", []))
    anonymous = {} in alternatives and (record is None or record.by == ANYBODY)
    chosen = next(filter(None, alternatives), None) or {}
    schemes = contract["components"]["securitySchemes"]
    return [] if anonymous else [Credential(name, schemes[name]) for name in chosen]


def _answer(contract: dict[str, Any], operation: dict[str, Any]) -> dict[str, str]:
    """Return the component and the media type of a success; the first is what a client gets that asks for none."""
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            for kind, media in resolved(contract, response).get("content", {}).items():
                return {"answer": component(media.get("schema", {})) or "answer", "answer_type": kind}
    return {}


def _body(contract: dict[str, Any], operation: dict[str, Any], record: Recorded | None) -> dict[str, Any]:
    """Return media type, value and schema of the body, if it needs one."""
    request = resolved(contract, operation.get("requestBody", {}))
    if not request.get("required") and (record is None or record.body is None):
        return {}
    kind, media = next(iter(request["content"].items()))
    schema = media.get("schema", {})
    # Of files no more was recorded than how long they are.
    known = record if kind != FORM else None
    sent = given(contract, schema, known.body) if known else example(contract, media, "body")
    return {"media_type": kind, "body": sent, "body_schema": schema}


def calls(contract: dict[str, Any], openapi: Path = OPENAPI) -> Iterator[Call]:
    """Yield a call of every operation, in the order of the contract: one that was recorded, or one made of examples."""
    for path, item in contract["paths"].items():
        for method in filter(item.__contains__, METHODS):
            operation = item[method]
            record = recorded(operation["operationId"], path, openapi)
            yield Call(
                contract,
                operation_id=operation["operationId"],
                method=method.upper(),
                path=path,
                tag=operation["tags"][0],
                arguments=list(_arguments(contract, item, method, record)),
                credentials=_credentials(contract, operation, record),
                **_answer(contract, operation),
                **_body(contract, operation, record),
            )

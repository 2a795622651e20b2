"""What a sample shows: one call of an operation, with values from the contract."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scripts.samples.values import branch, example, resolved

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


@dataclass(frozen=True)
class Call:
    """One call of an operation; `answer` is the component that a success returns, if it returns one."""

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


def _arguments(contract: dict[str, Any], item: dict[str, Any], method: str) -> Iterator[Argument]:
    """Show what is required, the headers that make a write safe, and a short page of what is a list."""
    for entry in [*item.get("parameters", []), *item[method].get("parameters", [])]:
        parameter = resolved(contract, entry)
        name, location = parameter["name"], parameter["in"]
        short = name == PAGE_LENGTH and location == "query"
        if parameter.get("required") or short or (location == "header" and method not in SAFE):
            value = SHORT_PAGE if short else example(contract, parameter, name)
            yield Argument(name, location, value, parameter["schema"])


def _credentials(contract: dict[str, Any], operation: dict[str, Any]) -> list[Credential]:
    """Return what the first way of calling demands; where one may call without credentials, none."""
    alternatives: list[dict[str, Any]] = operation.get("security", contract.get("security", []))
    if not alternatives or {} in alternatives:
        return []
    schemes = contract["components"]["securitySchemes"]
    return [Credential(name, schemes[name]) for name in alternatives[0]]


def _answer(contract: dict[str, Any], operation: dict[str, Any]) -> str:
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            for media in resolved(contract, response).get("content", {}).values():
                return component(media.get("schema", {})) or "answer"
    return ""


def _body(contract: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """Return media type, value and schema of the body, if it needs one."""
    request = resolved(contract, operation.get("requestBody", {}))
    if not request.get("required"):
        return {}
    kind, media = next(iter(request["content"].items()))
    return {"media_type": kind, "body": example(contract, media, "body"), "body_schema": media.get("schema", {})}


def calls(contract: dict[str, Any]) -> Iterator[Call]:
    """Yield a call of every operation, in the order of the contract."""
    for path, item in contract["paths"].items():
        for method in filter(item.__contains__, METHODS):
            operation = item[method]
            yield Call(
                contract,
                operation_id=operation["operationId"],
                method=method.upper(),
                path=path,
                tag=operation["tags"][0],
                arguments=list(_arguments(contract, item, method)),
                credentials=_credentials(contract, operation),
                answer=_answer(contract, operation),
                **_body(contract, operation),
            )

"""Values for samples: what the contract gives as an example, or what its schema makes of the examples of its parts."""

from dataclasses import dataclass
from typing import Any, cast

NULL = {"type": "null"}
# The variable that names a file whose content is sent.
FILE = "FILE"


@dataclass(frozen=True)
class Given:
    """A value that only the service can give, such as a token; a sample takes it from the environment."""

    variable: str


def resolved(contract: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Follow references; what else stands beside a reference is left out, as the house rules keep it to texts."""
    while "$ref" in node:
        _, _, kind, name = node["$ref"].split("/")
        node = contract["components"][kind][name]
    return node


def branch(contract: dict[str, Any], schema: dict[str, Any], value: object) -> dict[str, Any]:
    """Return the schema that a value is of: of `oneOf` a thing and null, the thing, unless the value is null."""
    choices: list[dict[str, Any]] = resolved(contract, schema).get("oneOf", [])
    if not choices:
        return schema
    return next(choice for choice in choices if (choice == NULL) == (value is None))


def _declared(node: dict[str, Any]) -> tuple[bool, Any]:
    """Return whether a node has an example, and the example; media types and parameters name theirs."""
    if "example" in node:
        return True, node["example"]
    examples = node.get("examples")
    if isinstance(examples, dict):
        # What was recorded holds tokens and ids that nobody else has; the schemas' own examples are for everybody.
        named = [entry["value"] for entry in cast("dict[str, dict[str, Any]]", examples).values() if "value" in entry]
        return bool(named), next(iter(named), None)
    if examples:
        return True, cast("list[Any]", examples)[0]
    return False, None


def _of_object(contract: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Fill what is required, and of an object that requires nothing but must not be empty, the first member."""
    properties: dict[str, dict[str, Any]] = schema.get("properties", {})
    names: list[str] = schema.get("required", [])
    names = names or list(properties)[: schema.get("minProperties", 0)]
    return {name: example(contract, properties[name], name) for name in names}


def _of_type(contract: dict[str, Any], schema: dict[str, Any], name: str) -> Any:
    """Make a value from the type; a text becomes a variable."""
    kind = schema.get("type")
    if schema.get("format") == "binary":
        return Given(FILE)
    if kind == "object":
        return _of_object(contract, schema)
    if kind == "array":
        return [example(contract, schema["items"], name)]
    simple = {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": True}
    return simple.get(str(kind), Given(name.upper().replace("-", "_")))


def example(contract: dict[str, Any], node: dict[str, Any], name: str) -> Any:
    """Return a value for a schema, a parameter or a media type.

    A text of which the contract shows no example is one that only the service can give: it becomes a variable that is
    called like the member or parameter, `REFRESH_TOKEN` for `refresh_token`.
    """
    schema = resolved(contract, node)
    declared, value = _declared(schema)
    if declared:
        return value
    if "schema" in schema:
        return example(contract, schema["schema"], name)
    if "oneOf" in schema:
        return example(contract, schema["oneOf"][0], name)
    for keyword in ("const", "default"):
        if keyword in schema:
            return schema[keyword]
    return schema["enum"][0] if "enum" in schema else _of_type(contract, schema, name)


def given(contract: dict[str, Any], schema: dict[str, Any], value: Any, name: str = "body") -> Any:
    """Replace in a recorded value what only the service can give: a reader has tokens of their own."""
    resolved_schema = resolved(contract, branch(contract, schema, value))
    if isinstance(value, dict):
        properties: dict[str, dict[str, Any]] = resolved_schema.get("properties", {})
        members = cast("dict[str, Any]", value)
        return {key: given(contract, properties.get(key, {}), entry, key) for key, entry in members.items()}
    if (
        isinstance(value, str)
        and "type" in resolved_schema
        and isinstance(example(contract, resolved_schema, name), Given)
    ):
        return Given(name.upper())
    return value


def found(value: object) -> list[Given]:
    """Return everything in a value that only the service can give."""
    if isinstance(value, Given):
        return [value]
    if isinstance(value, dict):
        return [given for entry in cast("dict[str, Any]", value).values() for given in found(entry)]
    if isinstance(value, list):
        return [given for entry in cast("list[Any]", value) for given in found(entry)]
    return []

"""What is put in the place of references, and what stays one."""

from typing import Any

from scripts.releases.dereferenced import dereferenced

TEXT = {"type": "string", "maxLength": 5}


def contract(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a contract whose one answer has a schema."""
    answer = {"content": {"application/json": {"schema": schema}}}
    return {
        "paths": {"/x": {"get": {"responses": {"default": answer}}}},
        "components": {"schemas": schemas, "securitySchemes": {"bearer": {"type": "http"}}},
    }


def shown(schemas: dict[str, Any], schema: dict[str, Any]) -> Any:
    """Return the schema of the answer without references."""
    document = dereferenced(contract(schemas, schema))
    return document["paths"]["/x"]["get"]["responses"]["default"]["content"]["application/json"]["schema"]


def test_follows_references_to_the_end() -> None:
    schemas = {"Text": TEXT, "Name": {"$ref": "#/components/schemas/Text"}}
    assert shown(schemas, {"$ref": "#/components/schemas/Name"}) == TEXT


def test_keeps_security_schemes_alone_of_the_components() -> None:
    document = dereferenced(contract({"Text": TEXT}, {"$ref": "#/components/schemas/Text"}))
    assert document["components"] == {"securitySchemes": {"bearer": {"type": "http"}}}


def test_keeps_what_contains_itself() -> None:
    reference = {"$ref": "#/components/schemas/Tree"}
    tree = {"type": "object", "properties": {"text": {"$ref": "#/components/schemas/Text"}, "left": reference}}
    document = dereferenced(contract({"Text": TEXT, "Tree": tree}, reference))
    assert document["components"]["schemas"] == {
        "Tree": {"type": "object", "properties": {"text": TEXT, "left": reference}}
    }
    assert shown({"Text": TEXT, "Tree": tree}, reference)["properties"]["left"] == reference


def test_keeps_what_contains_itself_by_another() -> None:
    schemas = {
        "Hen": {"properties": {"egg": {"$ref": "#/components/schemas/Egg"}}},
        "Egg": {"properties": {"hen": {"$ref": "#/components/schemas/Hen"}}},
    }
    document = dereferenced(contract(schemas, {"$ref": "#/components/schemas/Egg"}))
    (kept,) = document["components"]["schemas"]
    assert kept == "Egg"


def test_keeps_what_is_told_apart_by_name() -> None:
    schema = {
        "oneOf": [{"$ref": "#/components/schemas/Text"}],
        "discriminator": {"propertyName": "kind", "mapping": {"text": "#/components/schemas/Text"}},
    }
    assert dereferenced(contract({"Text": TEXT}, schema))["components"]["schemas"] == {"Text": TEXT}


def test_lets_words_beside_a_reference_stand() -> None:
    schema = {"$ref": "#/components/schemas/Text", "description": "Another one.", "deprecated": True}
    assert shown({"Text": TEXT}, schema) == {**TEXT, "description": "Another one.", "deprecated": True}
    narrower = {"$ref": "#/components/schemas/Text", "maxLength": 3}
    assert shown({"Text": TEXT}, narrower) == {"allOf": [TEXT], "maxLength": 3}


def test_tells_names_and_data_from_words() -> None:
    data = {"$ref": "#/no/reference"}
    schema = {
        "properties": {
            "value": {"$ref": "#/components/schemas/Text"},
            "default": {"$ref": "#/components/schemas/Text"},
            "properties": {"$ref": "#/components/schemas/Text"},
            "mapping": {"$ref": "#/components/schemas/Text"},
        },
        "default": data,
        "examples": [data],
        "enum": [data],
    }
    assert shown({"Text": TEXT}, schema) == {
        "properties": dict.fromkeys(["value", "default", "properties", "mapping"], TEXT),
        "default": data,
        "examples": [data],
        "enum": [data],
    }

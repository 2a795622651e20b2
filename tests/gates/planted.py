"""A contract with everything that ours does not have yet: what coverage must understand before it comes."""

from typing import Any

from scripts.coverage.contract import Contract
from scripts.coverage.exchange import Exchange, Pairs, pairs

JSON = "application/json"
PROBLEM = "application/problem+json"
KIND: dict[str, Any] = {"type": "string", "enum": ["image", "sound"]}
TEXT: dict[str, Any] = {"schema": {"type": "string"}}
SHARED = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Planted", "version": "1.0.0"},
    "servers": [{"url": "https://planted.example/v1"}],
    "paths": {
        "/files": {
            "post": {
                "operationId": "uploadFile",
                "security": [{"session": []}, {"key": ["files:write"]}],
                "requestBody": {
                    "content": {
                        "multipart/form-data": {"schema": {"properties": {"kind": KIND, "file": {}}}},
                        "application/x-ndjson": {"schema": {"properties": {"kind": {"const": "line"}}}},
                    }
                },
                "responses": {
                    "2XX": {"description": "Kept.", "content": {JSON: {"schema": {"properties": {"kind": KIND}}}}},
                    "409": {
                        "description": "Taken.",
                        "content": {
                            PROBLEM: {
                                "schema": {
                                    "allOf": [
                                        {"$ref": "#/components/schemas/Problem"},
                                        {"properties": {"code": {"enum": ["taken"]}}},
                                    ]
                                }
                            }
                        },
                    },
                    "default": {"description": "Wrong.", "content": SHARED},
                },
            },
        },
        "/files/{file_id}": {
            "parameters": [{"name": "file_id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {
                "operationId": "getFile",
                "deprecated": True,
                "security": [{"session": [], "token": []}, {"query": []}],
                "parameters": [
                    {"name": "size", "in": "query", "schema": {"type": "array", "items": {"enum": ["s", "l"]}}},
                    {"name": "lang", "in": "cookie", "schema": {"enum": ["en", "nb"]}},
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": {
                        "description": "The file.",
                        "headers": {
                            "X-Cache": {"schema": {"enum": ["hit", "miss"]}},
                            "Sunset": TEXT,
                            "Deprecation": TEXT,
                        },
                        "content": {"text/csv": {}, "image/*": {}},
                    },
                    "default": {"description": "Wrong.", "content": SHARED},
                },
            },
        },
    },
    "webhooks": {
        "fileKept": {
            "post": {
                "requestBody": {"content": {JSON: {"schema": {"properties": {"kind": KIND}}}}},
                "responses": {"204": {"description": "Taken note of."}},
            }
        }
    },
    "components": {
        "schemas": {"Problem": {"properties": {"code": {"enum": ["taken", "broken"]}}}},
        "securitySchemes": {
            "session": {"type": "apiKey", "in": "cookie", "name": "sid"},
            "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            "query": {"type": "apiKey", "in": "query", "name": "key"},
            "token": {"type": "http", "scheme": "bearer"},
        },
    },
}


def planted() -> Contract:
    """Return the contract."""
    return Contract(DOCUMENT, "planted")


def exchange(  # noqa: PLR0913 - One argument per part of an exchange.
    method: str,
    target: str,
    status: int = 200,
    *,
    sent: dict[str, str] | None = None,
    content: bytes = b"",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    webhook: str = "",
) -> Exchange:
    """Describe an exchange."""

    def folded(given: dict[str, str] | None) -> Pairs:
        return pairs((given or {}).items())

    return Exchange(method, target, folded(sent), content, status, folded(headers), body, webhook)


def multipart(*parts: tuple[str, bytes]) -> tuple[dict[str, str], bytes]:
    """Return the header and the body of a form of parts, each with its disposition's parameters."""
    lines = [
        b"--b\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (disposition.encode(), content)
        for disposition, content in parts
    ]
    return {"Content-Type": "multipart/form-data; boundary=b"}, b"".join(lines) + b"--b--\r\n"
